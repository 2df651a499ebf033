#include "tokenizer/vocabulary.h"

#include "core/error.h"

namespace slovo {

Vocabulary::Vocabulary(const JsonNode& node) {
  const nlohmann::json& entries = node.raw();
  if (!entries.is_object())
    node.fail(cat("is ", entries.type_name(), "; must be an object of tokens and ids"));
  // A damaged id must not make a table of gigabytes.
  const auto highest = static_cast<int64_t>(2 * entries.size() + 65536);
  for (const auto& [token, id] : entries.items()) {
    const int64_t number = JsonNode(id, cat(node.where(), "[\"", token, "\"]")).integer(0, highest);
    const auto index = static_cast<size_t>(number);
    if (index >= tokens_.size()) tokens_.resize(index + 1);
    if (!tokens_[index].empty() || token.empty()) {
      node.fail(cat("id ", number, " belongs to \"", token, "\" and to \"", tokens_[index],
                    "\"; each needs its own"));
    }
    tokens_[index] = token;
  }
  index(node);
}

Vocabulary::Vocabulary(std::vector<std::string> tokens, const JsonNode& node)
    : tokens_(std::move(tokens)) {
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].empty()) node.fail(cat("number ", i, " is empty; each must have a text"));
  }
  index(node);
}

void Vocabulary::index(const JsonNode& node) {
  ids_.reserve(tokens_.size());
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].empty()) continue;
    const auto [known, is_new] = ids_.emplace(tokens_[i], static_cast<TokenId>(i));
    if (!is_new) {
      node.fail(cat("\"", tokens_[i], "\" has the ids ", known->second, " and ", i,
                    "; each token must be there once"));
    }
  }
}

TokenId Vocabulary::required(const JsonNode& model, const std::string& key,
                             const std::string& fallback) const {
  const std::string token = model.has(key) ? model.text_at(key) : fallback;
  if (const auto id = find(token)) return *id;
  model.fail(cat("\"", key, "\" is \"", token, "\", which is not in the vocabulary"));
}

std::optional<TokenId> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace slovo
