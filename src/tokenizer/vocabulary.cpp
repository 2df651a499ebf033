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
  ids_.reserve(entries.size());
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (!tokens_[i].empty()) ids_.emplace(tokens_[i], static_cast<TokenId>(i));
  }
}

std::optional<TokenId> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

}  // namespace slovo
