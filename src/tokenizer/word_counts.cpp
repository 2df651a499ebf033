#include "tokenizer/word_counts.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "tokenizer/word_cache.h"

namespace slovo {
namespace {

constexpr size_t kFewestSlots = 1024;

}  // namespace

WordCounts::WordCounts(std::initializer_list<std::pair<std::string_view, int64_t>> words) {
  for (const auto& [word, count] : words) add(word, count);
}

uint32_t WordCounts::hash(std::string_view word) {
  const uint64_t wide = hash_word(word);
  return static_cast<uint32_t>(wide ^ wide >> 32);
}

size_t WordCounts::find(std::string_view word, uint32_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    if (slots_[at] == 0) return at;
    const Word& known = words_[slots_[at] - 1];
    if (known.hash == hash && view(known) == word) return at;
  }
}

bool WordCounts::add(std::string_view word, int64_t count) {
  if (4 * (words_.size() + 1) > 3 * slots_.size()) grow();
  const uint32_t word_hash = hash(word);
  const size_t at = find(word, word_hash);
  if (slots_[at] != 0) {
    words_[slots_[at] - 1].count += count;
    return false;
  }
  words_.push_back({text_.size(), count, static_cast<uint32_t>(word.size()), word_hash});
  text_ += word;
  slots_[at] = static_cast<uint32_t>(words_.size());
  return true;
}

int64_t WordCounts::count(std::string_view word) const {
  if (slots_.empty()) return 0;
  const uint32_t place = slots_[find(word, hash(word))];
  return place == 0 ? 0 : words_[place - 1].count;
}

size_t WordCounts::memory_bytes() const {
  // A vector that grows holds its old content beside twice the room.
  return 3 * (words_.size() * sizeof(Word) + text_.size()) + 2 * slots_.size() * sizeof(uint32_t);
}

void WordCounts::grow() {
  SLOVO_CHECK(words_.size() < UINT32_MAX / 2, "too many different words");
  const size_t size = std::max(kFewestSlots, 2 * slots_.size());
  slots_.assign(size, 0);
  for (size_t i = 0; i < words_.size(); ++i) {
    size_t at = words_[i].hash & (size - 1);
    while (slots_[at] != 0) at = (at + 1) & (size - 1);
    slots_[at] = static_cast<uint32_t>(i + 1);
  }
}

std::vector<uint32_t> WordCounts::sorted() const {
  std::vector<uint32_t> order(words_.size());
  std::iota(order.begin(), order.end(), uint32_t{0});
  std::sort(order.begin(), order.end(),
            [this](uint32_t a, uint32_t b) { return view(words_[a]) < view(words_[b]); });
  return order;
}

}  // namespace slovo
