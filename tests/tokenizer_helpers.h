// Shared by the tokenizer tests: fixtures, and small tokenizer files.
#pragma once

#include <string>
#include <vector>

#include "core/base64.h"
#include "core/json.h"
#include "testing.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pipeline.h"
#include "tokenizer/train.h"

namespace slovo::testing {

inline Json tokenizer_fixture(const std::string& name) { return read_json(fixture(name)); }

inline std::shared_ptr<const Tokenizer> make_tokenizer(const Json& json) {
  return std::make_shared<Pipeline>(json.dump(), "tokenizer.json", TokenizerConfigFiles{});
}

inline TextSource one_text(const std::string& text) {
  return [text](const std::function<void(std::string_view)>& use) { use(text); };
}

/// A bpe whose words are whole texts: vocabulary and merges, no other stage.
inline Json small_model(const std::vector<std::string>& tokens,
                        const std::vector<std::string>& merges) {
  Json vocab = Json::object();
  for (size_t i = 0; i < tokens.size(); ++i) vocab[tokens[i]] = i;
  return {{"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}},
          {"decoder", {{"type", "Fuse"}}}};
}

/// A vocabulary of the 256 bytes and what `more` adds.
inline std::string byte_vocabulary(const std::vector<std::string>& more) {
  Json vocab = Json::object();
  for (unsigned byte = 0; byte < 256; ++byte) vocab[byte_symbol(static_cast<uint8_t>(byte))] = byte;
  for (const std::string& token : more) vocab[token] = vocab.size();
  return vocab.dump();
}

/// Lines of a tiktoken file: the bytes, then "aa", "ab" to "pp", "baa" and on, each of which is a
/// shorter one and a letter.
inline std::string rank_lines(size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    std::string token(1, static_cast<char>(i));
    if (i >= 256) {
      token.clear();
      for (size_t rest = i - 256; token.size() < 2 || rest > 0; rest /= 16)
        token.insert(token.begin(), static_cast<char>('a' + rest % 16));
    }
    out += cat(base64_encode(token), " ", i, "\n");
  }
  return out;
}

/// A SentencePiece model of the letters a to c, with what `more` adds to its bytes.
inline std::string small_sentencepiece(const std::string& more) {
  const auto piece = [](const std::string& text, char type) {
    return cat("\x0A", static_cast<char>(text.size() + 9), "\x0A", static_cast<char>(text.size()),
               text, "\x15", std::string(3, '\0'), "\xC0", "\x18", type);
  };
  return cat(piece("<unk>", 2), piece("<s>", 3), piece("</s>", 3), piece("a", 1), piece("b", 1),
             piece("ab", 1), piece("▁", 1), more);
}

}  // namespace slovo::testing
