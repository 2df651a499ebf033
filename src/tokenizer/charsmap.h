// SentencePiece's normalisation rules, compiled: a double-array trie of what is replaced, and the
// replacements. ("precompiled_charsmap" in tokenizer.json and in a SentencePiece model)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slovo {

class Charsmap {
 public:
  /// `blob`: the size of the trie in bytes (32 bits), the trie, the replacements with a zero behind
  /// each. Throws Error(data), led by `where`, when it is damaged.
  Charsmap(std::string_view blob, const std::string& where);

  /// The text with the rules applied as HF `tokenizers` does it: to a user-perceived character as a
  /// whole, else to each of its code points.
  std::string apply(std::string_view text) const;

 private:
  /// The replacement of the shortest key that `part` begins with.
  std::optional<std::string_view> find(std::string_view part) const;
  void append(std::string_view grapheme, std::string& out) const;

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace slovo
