#include "tokenizer/word_counter.h"

#include <algorithm>

#include "core/parallel.h"
#include "tokenizer/scanner.h"

namespace slovo {
namespace {

constexpr size_t kPartBytes = size_t{256} << 10;
constexpr size_t kWaitingBytes = size_t{32} << 20;

template <class Visit>
void for_each_word(const PreTokenizer& splitter, std::string_view text, Visit&& visit) {
  if (const Scanner* scanner = splitter.scanner()) {
    scanner->for_each_word(
        text, [&](size_t begin, size_t end) { visit(text.substr(begin, end - begin)); });
  } else {
    splitter.split({text, false}, [&](const Piece& piece) { visit(piece.text); });
  }
}

}  // namespace

WordCounter::WordCounter(const PreTokenizer& splitter, int threads)
    : splitter_(splitter), counts_(static_cast<size_t>(std::max(1, threads))) {}

void WordCounter::add(std::string_view text) {
  while (!text.empty()) {
    const size_t cut = text.size() <= kPartBytes ? text.size() : find_word_end(text, kPartBytes);
    waiting_.emplace_back(text.substr(0, cut));
    waiting_bytes_ += cut;
    text.remove_prefix(cut);
    if (waiting_bytes_ >= kWaitingBytes) count_waiting();
  }
}

void WordCounter::count_waiting() {
  const size_t stride = counts_.size();
  parallel_for(stride, static_cast<int>(stride), [&](size_t worker) {
    WordCounts& counts = counts_[worker];
    const auto count = [&counts](std::string_view word) {
      const auto found = counts.find(word);
      if (found != counts.end()) {
        ++found->second;
      } else {
        counts.emplace(word, 1);
      }
    };
    for (size_t i = worker; i < waiting_.size(); i += stride)
      for_each_word(splitter_, waiting_[i], count);
  });
  waiting_.clear();
  waiting_bytes_ = 0;
}

WordCounts WordCounter::finish() {
  count_waiting();
  WordCounts total = std::move(counts_[0]);
  for (size_t i = 1; i < counts_.size(); ++i) {
    for (const auto& [word, count] : counts_[i]) total[word] += count;
    counts_[i].clear();
  }
  return total;
}

}  // namespace slovo
