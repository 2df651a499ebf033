#include "tokenizer/word_piece.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"

namespace slovo {

WordPiece::WordPiece(const JsonNode& model, bool bytes)
    : bytes_(bytes),
      vocabulary_(model.at("vocab")),
      unknown_(vocabulary_.required(model, "unk_token", "[UNK]")),
      prefix_(model.has("continuing_subword_prefix") ? model.text_at("continuing_subword_prefix")
                                                     : "##"),
      longest_word_(100) {
  if (model.has("max_input_chars_per_word")) {
    longest_word_ = static_cast<size_t>(model.at("max_input_chars_per_word").integer(0, INT32_MAX));
  }
  for (TokenId id = 0; id < vocabulary_.end(); ++id)
    longest_token_ = std::max(longest_token_, vocabulary_.token(id).size());
}

void WordPiece::compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const {
  std::string spelled;
  if (bytes_) word = spelled = to_byte_alphabet(word);
  const auto give_up = [&] { ids = {unknown_}; };
  if (utf8::count(word) > longest_word_) return give_up();
  std::string token;
  for (size_t begin = 0; begin < word.size();) {
    token = begin > 0 ? prefix_ : "";
    const size_t prefix = token.size();
    token += word.substr(begin, longest_token_);
    while (token.size() > prefix) {
      if (const auto id = vocabulary_.find(token); id && may_match(*id, kind)) {
        ids.push_back(*id);
        break;
      }
      // One character less.
      do token.pop_back();
      while (token.size() > prefix && begin + token.size() - prefix < word.size() &&
             (static_cast<unsigned char>(word[begin + token.size() - prefix]) & 0xC0) == 0x80);
    }
    if (token.size() == prefix) return give_up();
    begin += token.size() - prefix;
  }
}

}  // namespace slovo
