#include "tokenizer/word_level.h"

#include "tokenizer/byte_alphabet.h"

namespace slovo {

WordLevel::WordLevel(const JsonNode& model, bool bytes)
    : bytes_(bytes),
      vocabulary_(model.at("vocab")),
      unknown_(vocabulary_.required(model, "unk_token", "<unk>")) {}

void WordLevel::compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const {
  const auto id = bytes_ ? vocabulary_.find(to_byte_alphabet(word)) : vocabulary_.find(word);
  ids.push_back(id && may_match(*id, kind) ? *id : unknown_);
}

}  // namespace slovo
