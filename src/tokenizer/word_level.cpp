#include "tokenizer/word_level.h"

#include "tokenizer/byte_alphabet.h"

namespace slovo {

WordLevel::WordLevel(const JsonNode& model, bool bytes)
    : bytes_(bytes),
      vocabulary_(model.at("vocab")),
      unknown_(vocabulary_.required(model, "unk_token", "<unk>")) {}

void WordLevel::compute(std::string_view word, std::vector<TokenId>& ids) const {
  ids.push_back((bytes_ ? vocabulary_.find(to_byte_alphabet(word)) : vocabulary_.find(word))
                    .value_or(unknown_));
}

}  // namespace slovo
