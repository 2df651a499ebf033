#include "tokenizer/word_counter.h"

#include <algorithm>
#include <limits>

#include "core/error.h"
#include "core/parallel.h"
#include "tokenizer/scanner.h"

namespace slovo {
namespace {

constexpr size_t kPartBytes = size_t{128} << 10;
constexpr size_t kWaitingBytes = size_t{4} << 20;

template <class Visit>
void for_each_word(const PreTokenizer& splitter, std::string_view text, Visit&& visit) {
  if (const Scanner* scanner = splitter.scanner()) {
    scanner->for_each_word(
        text, [&](size_t begin, size_t end) { visit(text.substr(begin, end - begin)); });
  } else {
    splitter.split({text, false}, [&](const Piece& piece) { visit(piece.text); });
  }
}

/// What a table may take where all of them, the waiting text and the reading of runs share a limit.
size_t table_limit(int64_t memory_limit, int threads) {
  if (memory_limit == 0) return std::numeric_limits<size_t>::max();
  SLOVO_CHECK(memory_limit >= WordCounter::kLeastMemory, memory_limit);
  constexpr size_t kOther = 2 * kWaitingBytes + WordRuns::kReadingBytes;
  return (static_cast<size_t>(memory_limit) - kOther) / static_cast<size_t>(std::max(1, threads));
}

}  // namespace

CountedWords::CountedWords(WordCounts words)
    : words_(std::move(words)),
      size_(static_cast<int64_t>(words_.size())),
      text_bytes_(words_.text_bytes()) {}

CountedWords::CountedWords(WordRuns runs) : runs_(std::move(runs)) {
  runs_.for_each([this](std::string_view word, int64_t) {
    ++size_;
    text_bytes_ += std::ssize(word);
  });
}

void CountedWords::put_on_disk() {
  runs_.add(words_);
  words_.clear();
}

void CountedWords::for_each(const WordVisitor& visit) const {
  words_.for_each(visit);
  runs_.for_each(visit);
}

WordCounter::WordCounter(const Normalizer* normalizer, const PreTokenizer& splitter, int threads,
                         int64_t memory_limit)
    : normalizer_(normalizer),
      splitter_(splitter),
      table_limit_(table_limit(memory_limit, threads)),
      counts_(static_cast<size_t>(std::max(1, threads))) {}

void WordCounter::add(std::string_view text) {
  while (!text.empty()) {
    const size_t cut = text.size() <= kPartBytes ? text.size() : find_part_end(text, kPartBytes);
    waiting_.emplace_back(text.substr(0, cut));
    waiting_bytes_ += cut;
    text.remove_prefix(cut);
    if (waiting_bytes_ >= kWaitingBytes) count_waiting();
  }
}

void WordCounter::count_part(std::string_view text, WordCounts& counts, std::string& storage) {
  if (normalizer_ != nullptr) text = normalizer_->apply(text, storage);
  for_each_word(splitter_, text, [&](std::string_view word) {
    if (counts.add(word) && counts.memory_bytes() > table_limit_) put_on_disk(counts);
  });
}

void WordCounter::put_on_disk(WordCounts& counts) {
  const std::lock_guard lock(runs_mutex_);
  runs_.add(counts);
  counts.clear();
}

void WordCounter::count_waiting() {
  const size_t stride = counts_.size();
  parallel_for(stride, static_cast<int>(stride), [&](size_t worker) {
    std::string storage;
    for (size_t i = worker; i < waiting_.size(); i += stride)
      count_part(waiting_[i], counts_[worker], storage);
  });
  waiting_.clear();
  waiting_bytes_ = 0;
}

CountedWords WordCounter::finish() {
  count_waiting();
  if (!runs_.empty()) {
    for (WordCounts& counts : counts_) put_on_disk(counts);
    return CountedWords(std::move(runs_));
  }
  WordCounts total = std::move(counts_[0]);
  for (size_t i = 1; i < counts_.size(); ++i) {
    counts_[i].for_each([&](std::string_view word, int64_t count) { total.add(word, count); });
    counts_[i].clear();
  }
  return CountedWords(std::move(total));
}

}  // namespace slovo
