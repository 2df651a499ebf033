#include "tokenizer/bpe.h"

#include <functional>
#include <queue>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/decoder.h"

namespace slovo {
namespace {

constexpr uint32_t kNoRank = UINT32_MAX;
/// Up to here looking at all pairs for each merge is faster than a heap.
constexpr size_t kShortWord = 48;

}  // namespace

Bpe::Bpe(const JsonNode& model, bool bytes)
    : bytes_(bytes), vocabulary_(model.at("vocab")), merges_(model.at("merges").raw().size()) {
  read_options(model);
  read_merges(model.at("merges"));
  index_symbols();
}

void Bpe::read_options(const JsonNode& model) {
  if (model.has("continuing_subword_prefix")) prefix_ = model.text_at("continuing_subword_prefix");
  if (model.has("end_of_word_suffix")) suffix_ = model.text_at("end_of_word_suffix");
  if (model.has("dropout") && model.raw()["dropout"] != 0.0) {
    model.at("dropout").fail("is not supported; set it to null");
  }
  fuse_unknown_ = model.flag_at("fuse_unk", false);
  byte_fallback_ = model.flag_at("byte_fallback", false);
  ignore_merges_ = model.flag_at("ignore_merges", false);
  if (model.has("unk_token")) {
    const auto id = vocabulary_.find(model.text_at("unk_token"));
    if (!id)
      model.at("unk_token")
          .fail(cat("\"", model.text_at("unk_token"), "\" is not in the vocabulary"));
    unknown_ = *id;
  }
}

void Bpe::read_merges(const JsonNode& list) {
  if (!list.raw().is_array()) list.fail("must be a list of pairs, [\"a\", \"b\"] or \"a b\"");
  uint32_t rank = 0;
  for (const nlohmann::json& merge : list.raw()) {
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t space = text.find(' ');
      if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
        list.fail(cat("number ", rank, " is \"", text,
                      "\"; must be two tokens with a space between them"));
      }
      add_merge(text.substr(0, space), text.substr(space + 1), rank, list);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      add_merge(merge[0].get<std::string>(), merge[1].get<std::string>(), rank, list);
    } else {
      list.fail(cat("number ", rank, " is not a pair, [\"a\", \"b\"] or \"a b\""));
    }
    ++rank;
  }
}

void Bpe::add_merge(const std::string& left, const std::string& right, uint32_t rank,
                    const JsonNode& node) {
  std::array<TokenId, 3> ids{};
  size_t i = 0;
  if (!right.starts_with(prefix_))
    node.fail(cat("number ", rank, " joins \"", right, "\", which does not begin with \"", prefix_,
                  "\", the continuing_subword_prefix"));
  for (const std::string& token : {left, right, left + right.substr(prefix_.size())}) {
    const auto id = vocabulary_.find(token);
    if (!id)
      node.fail(cat("number ", rank, " needs \"", token, "\", which is not in the vocabulary"));
    ids[i++] = *id;
  }
  merges_(static_cast<uint32_t>(ids[0]), static_cast<uint32_t>(ids[1])) = {rank, ids[2]};
}

void Bpe::index_symbols() {
  byte_ids_.fill(-1);
  fallback_ids_.fill(-1);
  for (TokenId id = 0; id < vocabulary_.end(); ++id) {
    const std::string& token = vocabulary_.token(id);
    if (const int byte = fallback_byte(token); byte >= 0)
      fallback_ids_[static_cast<size_t>(byte)] = id;
    if (!bytes_ && utf8::count(token) == 1) {
      size_t at = 0;
      character_ids_[utf8::next(token, at)] = id;
    }
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    const std::string symbol =
        bytes_ ? byte_symbol(static_cast<uint8_t>(byte)) : std::string(1, static_cast<char>(byte));
    if (bytes_ || byte < 0x80) byte_ids_[byte] = vocabulary_.find(symbol).value_or(-1);
  }
}

bool Bpe::push_fallback(std::string_view symbol, std::vector<TokenId>& ids) const {
  for (const char c : symbol) {
    if (fallback_ids_[static_cast<uint8_t>(c)] < 0) return false;
  }
  for (const char c : symbol) ids.push_back(fallback_ids_[static_cast<uint8_t>(c)]);
  return true;
}

TokenId Bpe::find_symbol(std::string_view symbol, bool is_first, bool is_last) const {
  if ((prefix_.empty() || is_first) && (suffix_.empty() || !is_last)) {
    if (symbol.size() == 1) return byte_ids_[static_cast<uint8_t>(symbol[0])];
    size_t at = 0;
    const auto found = character_ids_.find(utf8::next(symbol, at));
    return found == character_ids_.end() ? -1 : found->second;
  }
  return vocabulary_.find(spelling(symbol, is_first, is_last)).value_or(-1);
}

std::string Bpe::spelling(std::string_view symbol, bool is_first, bool is_last) const {
  return cat(is_first ? "" : prefix_, bytes_ ? to_byte_alphabet(symbol) : std::string(symbol),
             is_last ? suffix_ : "");
}

void Bpe::symbols(std::string_view word, std::vector<TokenId>& ids) const {
  bool unknown_waits = false;
  for (size_t begin = 0, end = 0; begin < word.size(); begin = end) {
    end = begin + (bytes_ ? 1 : utf8::char_length(word, begin));
    const std::string_view symbol = word.substr(begin, end - begin);
    const TokenId id = find_symbol(symbol, begin == 0, end == word.size());
    if (id >= 0) {
      if (unknown_waits) ids.push_back(unknown_);
      unknown_waits = false;
      ids.push_back(id);
      continue;
    }
    if (byte_fallback_ && push_fallback(spelling(symbol, begin == 0, end == word.size()), ids))
      continue;
    if (unknown_ < 0) continue;
    if (unknown_waits && !fuse_unknown_) ids.push_back(unknown_);
    unknown_waits = true;
  }
  if (unknown_waits) ids.push_back(unknown_);
}

void Bpe::merge_short(std::vector<TokenId>& ids) const {
  std::array<Merge, kShortWord> next;  // next[i] joins ids[i] and ids[i + 1]
  const auto look = [&](size_t i) {
    const Merge* merge = i + 1 < ids.size() ? find_merge(ids[i], ids[i + 1]) : nullptr;
    next[i] = merge ? *merge : Merge{kNoRank, -1};
  };
  for (size_t i = 0; i < ids.size(); ++i) look(i);
  while (ids.size() > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < ids.size(); ++i) {
      if (next[i].rank < next[best].rank) best = i;
    }
    if (next[best].rank == kNoRank) return;
    ids[best] = next[best].id;
    ids.erase(ids.begin() + static_cast<ptrdiff_t>(best) + 1);
    for (size_t i = best + 1; i < ids.size(); ++i) next[i] = next[i + 1];
    look(best);
    if (best > 0) look(best - 1);
  }
}

void Bpe::merge_long(std::vector<TokenId>& ids) const {
  const size_t size = ids.size();
  constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> next(size);
  std::vector<size_t> previous(size);
  // The rank above the place: the smallest is the earliest merge, the leftmost among equals.
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> queue;
  const auto offer = [&](size_t at) {
    if (next[at] == kNone) return;
    if (const Merge* merge = find_merge(ids[at], ids[next[at]]))
      queue.push((uint64_t{merge->rank} << 32) | at);
  };
  for (size_t i = 0; i < size; ++i) {
    next[i] = i + 1 < size ? i + 1 : kNone;
    previous[i] = i > 0 ? i - 1 : kNone;
  }
  for (size_t i = 0; i < size; ++i) offer(i);
  while (!queue.empty()) {
    const size_t at = queue.top() & UINT32_MAX;
    const auto rank = static_cast<uint32_t>(queue.top() >> 32);
    queue.pop();
    if (ids[at] < 0 || next[at] == kNone) continue;
    const size_t right = next[at];
    const Merge* merge = find_merge(ids[at], ids[right]);
    if (!merge || merge->rank != rank) continue;  // one of the two has been joined meanwhile
    ids[at] = merge->id;
    ids[right] = -1;
    next[at] = next[right];
    if (next[at] != kNone) previous[next[at]] = at;
    offer(at);
    if (previous[at] != kNone) offer(previous[at]);
  }
  std::erase(ids, -1);
}

void Bpe::compute(std::string_view word, TextKind kind, std::vector<TokenId>& ids) const {
  if (ignore_merges_) {
    const auto whole = vocabulary_.find(bytes_ ? to_byte_alphabet(word) : std::string(word));
    if (whole && may_match(*whole, kind)) {
      ids.push_back(*whole);
      return;
    }
  }
  symbols(word, ids);
  if (merges_.size() == 0) return;
  ids.size() <= kShortWord ? merge_short(ids) : merge_long(ids);
}

std::string Bpe::kind() const { return merges_.size() > 0 ? "bpe" : bytes_ ? "byte" : "char"; }

}  // namespace slovo
