#include "tokenizer/token_model.h"

#include "tokenizer/bpe.h"
#include "tokenizer/unigram.h"
#include "tokenizer/word_level.h"
#include "tokenizer/word_piece.h"

namespace slovo {

std::unique_ptr<TokenModel> read_token_model(const JsonNode& node, bool bytes) {
  // Old files leave the type out: each kind has keys of its own.
  std::string type;
  if (node.has("type")) {
    type = node.text_at("type");
  } else if (node.has("merges")) {
    type = "BPE";
  } else if (node.has("max_input_chars_per_word")) {
    type = "WordPiece";
  } else if (node.has("unk_id")) {
    type = "Unigram";
  }
  if (type == "BPE") return std::make_unique<Bpe>(node, bytes);
  if (type == "WordPiece") return std::make_unique<WordPiece>(node, bytes);
  if (type == "Unigram") return std::make_unique<Unigram>(node, bytes);
  if (type == "WordLevel") return std::make_unique<WordLevel>(node, bytes);
  if (type.empty()) node.fail("\"type\" is missing");
  node.refuse_type({"BPE", "WordPiece", "Unigram", "WordLevel"});
}

}  // namespace slovo
