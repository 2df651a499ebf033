// What is wrong with bytes that should be UTF-8 text, and what to do about it: guesses the encoding
// by looking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/corpus_files.h"

namespace slovo {

/// Offset of the first byte that is not UTF-8 text (NUL, which is well-formed, is not text), or
/// npos.
size_t find_not_text(std::string_view text);

/// What bytes that are no UTF-8 text seem to be.
struct EncodingGuess {
  std::string name;   ///< "cp1251", "a zip archive", ...; "" when nothing fits
  std::string iconv;  ///< the name iconv knows it by, or "" when it is no text encoding
};
/// `head`: the file's first bytes; `sample`: bytes from shortly before the bad one on.
EncodingGuess guess_encoding(std::string_view head, std::string_view sample);

/// Throws the Error(data) for the bad byte at `offset` of the file's (uncompressed) content.
[[noreturn]] void throw_not_text(const CorpusFile& file, int64_t offset);

/// `path` as a shell word.
std::string shell_quote(std::string_view path);

}  // namespace slovo
