#include "tokenizer/token_model.h"

#include "tokenizer/bpe.h"
#include "tokenizer/unigram.h"
#include "tokenizer/word_level.h"
#include "tokenizer/word_piece.h"

namespace slovo {

TokenModel::Session::Session(const TokenModel& model) : model_(model) {
  const std::lock_guard lock(model.idle_mutex_);
  if (model.idle_.empty()) {
    cache_ = std::make_unique<WordCache>();
  } else {
    cache_ = std::move(model.idle_.back());
    model.idle_.pop_back();
  }
}

TokenModel::Session::~Session() {
  const std::lock_guard lock(model_.idle_mutex_);
  model_.idle_.push_back(std::move(cache_));
}

void TokenModel::Session::encode(std::string_view word, std::vector<TokenId>& out) {
  if (word.size() > WordCache::kLongestWord) {
    ids_.clear();
    model_.compute(word, ids_);
    out.insert(out.end(), ids_.begin(), ids_.end());
    return;
  }
  const uint64_t hash = hash_word(word);
  std::span<const TokenId> known;
  if (!cache_->find(word, hash, known)) {
    ids_.clear();
    model_.compute(word, ids_);
    cache_->insert(word, hash, ids_);
    known = ids_;
  }
  out.insert(out.end(), known.begin(), known.end());
}

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
