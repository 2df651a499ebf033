#include "tokenizer/word_counter.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "core/parallel.h"
#include "core/utf8.h"

namespace slovo {
namespace {

constexpr size_t kPartBytes = size_t{256} << 10;
constexpr size_t kWaitingBytes = size_t{32} << 20;

bool is_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)); }

}  // namespace

size_t find_word_boundary(std::string_view text, size_t at) {
  for (size_t space = text.find(' ', at); space != std::string_view::npos;
       space = text.find(' ', space + 1)) {
    if (space == 0 || space + 1 >= text.size()) continue;
    size_t before = space - 1;
    while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0) == 0x80) --before;
    size_t behind = space + 1;
    if (!is_space(utf8::next(text, before)) && !is_space(utf8::next(text, behind))) return space;
  }
  return text.size();
}

WordCounter::WordCounter(const PreTokenizer& splitter, int threads)
    : splitter_(splitter), counts_(static_cast<size_t>(std::max(1, threads))) {}

void WordCounter::add(std::string_view text) {
  while (!text.empty()) {
    const size_t cut =
        text.size() <= kPartBytes ? text.size() : find_word_boundary(text, kPartBytes);
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
    const PieceSink count = [&](const Piece& piece) {
      const auto found = counts.find(piece.text);
      if (found != counts.end()) {
        ++found->second;
      } else {
        counts.emplace(piece.text, 1);
      }
    };
    for (size_t i = worker; i < waiting_.size(); i += stride)
      splitter_.split({waiting_[i], false}, count);
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
