// How often each word of a corpus occurs: what tokenizers learn from.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/normalizer.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/word_counts.h"
#include "tokenizer/word_runs.h"

namespace slovo {

/// The different words of a corpus, in memory or, where they were too many for it, on disk.
class CountedWords {
 public:
  CountedWords(WordCounts words = {});
  explicit CountedWords(WordRuns runs);

  int64_t size() const { return size_; }
  /// Of the different words, each once.
  int64_t text_bytes() const { return text_bytes_; }
  /// Bytes that the words take in memory.
  int64_t memory_bytes() const { return static_cast<int64_t>(words_.memory_bytes()); }
  void put_on_disk();
  /// Visits each word once. Words on disk are read again each time.
  void for_each(const WordVisitor& visit) const;
  WordSource source() const {
    return [this](const WordVisitor& visit) { for_each(visit); };
  }

 private:
  WordCounts words_;
  mutable WordRuns runs_;  // reading moves the files' positions
  int64_t size_ = 0;
  int64_t text_bytes_ = 0;
};

/// Counts with several threads. The texts given to add() are copied in parts of bounded size.
class WordCounter {
 public:
  /// With `memory_limit` (0: none) words are put on disk so that counting stays within so many
  /// bytes, at least kLeastMemory.
  WordCounter(const Normalizer* normalizer, const PreTokenizer& splitter, int threads,
              int64_t memory_limit = 0);
  void add(std::string_view text);
  CountedWords finish();

  static constexpr int64_t kLeastMemory = int64_t{16} << 20;

 private:
  void count_waiting();
  void count_part(std::string_view text, WordCounts& counts, std::string& storage);
  void put_on_disk(WordCounts& counts);

  const Normalizer* normalizer_;
  const PreTokenizer& splitter_;
  size_t table_limit_;              // bytes of each table
  std::vector<WordCounts> counts_;  // one for each thread
  std::mutex runs_mutex_;
  WordRuns runs_;
  std::vector<std::string> waiting_;
  size_t waiting_bytes_ = 0;
};

}  // namespace slovo
