// UTF-8: validation, code points, and whole characters for streaming. No normalisation, no
// properties.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace slovo::utf8 {

/// Offset of the first byte that is not part of well-formed UTF-8 (no overlong forms, no
/// surrogates), or npos when all of `text` is well-formed.
size_t find_invalid(std::string_view text);
inline bool is_valid(std::string_view text) { return find_invalid(text) == std::string_view::npos; }
/// Throws Error(data), which names `where`, the byte and what to do, unless `text` is well-formed.
void require_valid(std::string_view text, std::string_view where);

/// Bytes of the well-formed character that starts at `text[at]`; 0 when it is malformed or cut
/// short.
size_t char_length(std::string_view text, size_t at);
/// The code point at `at`, which must start a well-formed character; `at` moves past it.
char32_t next(std::string_view text, size_t& at);
void append(std::string& out, char32_t code_point);
/// Number of characters (code points) of well-formed text.
size_t count(std::string_view text);
/// Bytes of the first `characters` characters of well-formed text (all of them when it has fewer).
size_t prefix_bytes(std::string_view text, size_t characters);
/// Bytes at the end of `text` that begin a character whose rest may still come: 0 to 3.
size_t incomplete_tail(std::string_view text);
/// Malformed bytes replaced by U+FFFD, one per maximal ill-formed part.
std::string replace_invalid(std::string_view text);

}  // namespace slovo::utf8
