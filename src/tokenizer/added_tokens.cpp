#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/characters.h"

namespace slovo {
namespace {

bool inside_word(std::string_view text, size_t begin, size_t end) {
  size_t at = 0;
  if (begin > 0 && is_word_character(character_before(text, begin, at))) return true;
  at = end;
  return end < text.size() && is_word_character(utf8::next(text, at));
}

}  // namespace

void AddedTokens::Trie::add(std::string_view spelling, const AddedToken* token) {
  size_t node = 0;
  for (const char c : spelling) {
    size_t next = step(node, c);
    if (next == 0) {
      next = nodes.size();
      nodes[node].next.emplace_back(c, next);
      nodes.emplace_back();
    }
    node = next;
  }
  nodes[node].token = token;
}

size_t AddedTokens::Trie::step(size_t node, char c) const {
  for (const auto& [key, next] : nodes[node].next) {
    if (key == c) return next;
  }
  return 0;
}

const AddedToken* AddedTokens::Trie::match(std::string_view text, size_t at) const {
  const AddedToken* longest = nullptr;
  size_t node = 0;
  for (; at < text.size(); ++at) {
    node = step(node, text[at]);
    if (node == 0) break;
    if (nodes[node].token) longest = nodes[node].token;
  }
  return longest;
}

AddedTokens::AddedTokens(const JsonNode& file, const Vocabulary& vocabulary,
                         const Normalizer* normalizer) {
  if (!file.has("added_tokens")) return;
  auto next_free = static_cast<TokenId>(vocabulary.count());
  for (const JsonNode& node : file.at("added_tokens").items())
    add(node, vocabulary, normalizer, next_free);
  for (const auto& [id, token] : tokens_) {
    (token.normalized ? normalized_ : original_).add(token.spelling, &token);
  }
}

void AddedTokens::add(const JsonNode& node, const Vocabulary& vocabulary,
                      const Normalizer* normalizer, TokenId& next_free) {
  AddedToken token;
  token.content = node.text_at("content");
  if (token.content.empty()) return;
  token.special = node.flag_at("special", false);
  token.single_word = node.flag_at("single_word", false);
  token.lstrip = node.flag_at("lstrip", false);
  token.rstrip = node.flag_at("rstrip", false);
  token.normalized = node.flag_at("normalized", !token.special);
  if (const AddedToken* known = find(token.content)) {
    token.id = known->id;
  } else if (const auto id = vocabulary.find(token.content)) {
    token.id = *id;
  } else {
    token.id = next_free++;
  }
  const int64_t written = node.at("id").integer(0, INT32_MAX);
  if (written != token.id) {
    node.fail(cat("\"", token.content, "\" has id ", written,
                  ", but the vocabulary and the tokens before it give it ", token.id));
  }
  if (const auto taken = tokens_.find(token.id);
      taken != tokens_.end() && taken->second.content != token.content) {
    node.fail(cat("\"", token.content, "\" has id ", written, ", as \"", taken->second.content,
                  "\" has"));
  }
  std::string storage;
  token.spelling = token.normalized && normalizer
                       ? std::string(normalizer->apply(token.content, storage))
                       : token.content;
  if (token.spelling.empty()) node.fail(cat("\"", token.content, "\" is empty once normalised"));
  ids_[token.content] = token.id;
  tokens_[token.id] = std::move(token);
}

void AddedTokens::split(std::string_view text, Stage stage, TextKind kind, const Sink& sink) const {
  const Trie& trie = stage == Stage::original ? original_ : normalized_;
  if (trie.nodes.size() == 1) return text.empty() ? void() : sink.text(text);
  const auto& firsts = trie.nodes[0].next;
  std::array<bool, 256> begins{};
  for (const auto& [c, next] : firsts) begins[static_cast<unsigned char>(c)] = true;
  const auto next_begin = [&](size_t at) {
    if (firsts.size() == 1) return text.find(firsts[0].first, at);
    while (at < text.size() && !begins[static_cast<unsigned char>(text[at])]) ++at;
    return at;
  };
  size_t done = 0;
  for (size_t at = next_begin(0); at < text.size(); at = next_begin(at)) {
    const AddedToken* token = trie.match(text, at);
    if (!token) {
      ++at;
      continue;
    }
    size_t begin = at;
    size_t end = at + token->spelling.size();
    at = end;  // a match that is not taken still hides what it covers
    if (kind == TextKind::ordinary && token->special) continue;
    if (token->single_word && inside_word(text, begin, end)) continue;
    if (token->lstrip) begin = std::max(skip_spaces_back(text, begin), done);
    if (token->rstrip) end = skip_spaces(text, end);
    if (done < begin) sink.text(text.substr(done, begin - done));
    sink.token(token->id);
    done = end;
  }
  if (done < text.size()) sink.text(text.substr(done));
}

const AddedToken* AddedTokens::find(TokenId id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = ids_.find(std::string(content));
  return found == ids_.end() ? nullptr : find(found->second);
}

}  // namespace slovo
