#include "tokenizer/unigram.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/decoder.h"

namespace slovo {
namespace {

/// An unknown character is less likely than the rarest token by this much.
constexpr double kUnknownPenalty = 10.0;

/// [[token, score], ...]: the scores; the tokens go into `tokens`.
std::vector<double> read_scores(const JsonNode& list, std::vector<std::string>& tokens) {
  std::vector<double> scores;
  if (!list.raw().is_array()) list.fail("must be a list of [token, score]");
  for (const nlohmann::json& entry : list.raw()) {
    const bool pair =
        entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_number();
    if (!pair) list.fail(cat("number ", scores.size(), " is not a pair, [token, score]"));
    tokens.push_back(entry[0].get<std::string>());
    scores.push_back(entry[1].get<double>());
  }
  if (scores.empty()) list.fail("is empty; must hold tokens and their scores");
  return scores;
}

Vocabulary read_vocabulary(const JsonNode& list, std::vector<double>& scores) {
  std::vector<std::string> tokens;
  scores = read_scores(list, tokens);
  return {std::move(tokens), list};
}

}  // namespace

Unigram::Unigram(const JsonNode& model, bool bytes)
    : bytes_(bytes), vocabulary_(read_vocabulary(model.at("vocab"), scores_)) {
  if (model.has("unk_id"))
    unknown_ = static_cast<TokenId>(model.at("unk_id").integer(0, vocabulary_.end() - 1));
  byte_fallback_ = model.flag_at("byte_fallback", false);
  unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
  fallback_ids_.fill(-1);
  for (TokenId id = 0; id < vocabulary_.end(); ++id) {
    const int byte = fallback_byte(vocabulary_.token(id));
    if (byte >= 0) fallback_ids_[static_cast<size_t>(byte)] = id;
  }
  build_tree();
}

void Unigram::build_tree() {
  std::vector<TokenId> order(scores_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](TokenId a, TokenId b) { return vocabulary_.token(a) < vocabulary_.token(b); });
  // A node's tokens are neighbours in `order`; nodes are made level by level.
  struct Span {
    size_t begin, end;
  };
  std::vector<Span> spans{{0, order.size()}};
  tree_.emplace_back();
  size_t level_begin = 0;
  for (size_t depth = 0; level_begin < tree_.size(); ++depth) {
    const size_t level_end = tree_.size();
    for (size_t node = level_begin; node < level_end; ++node) {
      auto [begin, end] = spans[node];
      if (begin < end && vocabulary_.token(order[begin]).size() == depth)
        tree_[node].token = order[begin++];
      tree_[node].first_child = static_cast<uint32_t>(tree_.size());
      while (begin < end) {
        const char byte = vocabulary_.token(order[begin])[depth];
        size_t stop = begin + 1;
        while (stop < end && vocabulary_.token(order[stop])[depth] == byte) ++stop;
        tree_.push_back({0, 0, static_cast<uint8_t>(byte), -1});
        spans.push_back({begin, stop});
        ++tree_[node].children;
        begin = stop;
      }
    }
    level_begin = level_end;
  }
}

const Unigram::Node* Unigram::child(const Node& node, char byte) const {
  const auto first = tree_.begin() + node.first_child;
  const auto last = first + node.children;
  const auto wanted = static_cast<uint8_t>(byte);
  const auto found = std::lower_bound(
      first, last, wanted, [](const Node& candidate, uint8_t b) { return candidate.byte < b; });
  return found != last && found->byte == wanted ? &*found : nullptr;
}

std::vector<Unigram::Step> Unigram::best_path(std::string_view word, TextKind kind) const {
  std::vector<Step> steps(word.size() + 1);
  const auto offer = [&](size_t end, double score, size_t begin, bool unknown) {
    Step& step = steps[end];
    if (step.begin == SIZE_MAX || score > step.score) step = {score, begin, unknown};
  };
  for (size_t begin = 0; begin < word.size();) {
    size_t next = begin;
    utf8::next(word, next);
    const double so_far = steps[begin].score;
    bool has_character = false;
    const Node* node = tree_.data();
    for (size_t end = begin; end < word.size();) {
      node = child(*node, word[end++]);
      if (!node) break;
      if (node->token < 0 || !matches(node->token, kind)) continue;
      offer(end, scores_[static_cast<size_t>(node->token)] + so_far, begin,
            node->token == unknown_);
      has_character |= end == next;
    }
    if (!has_character) {
      if (unknown_ < 0) {
        throw_data("the tokenizer's vocabulary does not hold \"", word.substr(begin, next - begin),
                   "\", and its \"unk_id\" is null; give a text without it");
      }
      offer(next, unknown_score_ + so_far, begin, true);
    }
    begin = next;
  }
  return steps;
}

bool Unigram::matches(TokenId id, TextKind kind) const {
  if (!may_match(id, kind)) return false;
  return kind == TextKind::markup || !byte_fallback_ || fallback_byte(vocabulary_.token(id)) < 0;
}

void Unigram::push(std::string_view token, TextKind kind, std::vector<TokenId>& ids) const {
  if (const auto id = vocabulary_.find(token); id && matches(*id, kind)) return ids.push_back(*id);
  const auto fallback = [&](char c) { return fallback_ids_[static_cast<uint8_t>(c)]; };
  if (byte_fallback_ &&
      std::all_of(token.begin(), token.end(), [&](char c) { return fallback(c) >= 0; })) {
    for (const char c : token) ids.push_back(fallback(c));
    return;
  }
  ids.push_back(unknown_);
}

void Unigram::compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const {
  std::string spelled;
  if (bytes_) word = spelled = to_byte_alphabet(word);
  const std::vector<Step> steps = best_path(word, kind);
  std::vector<std::string_view> tokens;
  for (size_t end = word.size(); end > 0;) {
    // Unknown characters side by side are one token.
    const bool unknown = steps[end].unknown;
    size_t begin = steps[end].begin;
    while (unknown && begin > 0 && steps[begin].unknown) begin = steps[begin].begin;
    tokens.push_back(word.substr(begin, end - begin));
    end = begin;
  }
  for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) push(*token, kind, ids);
}

}  // namespace slovo
