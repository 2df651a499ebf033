// How often each word of a corpus occurs: what byte pair encoding learns from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/word_cache.h"

namespace slovo {

struct WordHash {
  using is_transparent = void;
  size_t operator()(std::string_view word) const { return hash_word(word); }
};
using WordCounts = std::unordered_map<std::string, int64_t, WordHash, std::equal_to<>>;

/// Counts with several threads. The texts given to add() are copied in parts of bounded size.
class WordCounter {
 public:
  WordCounter(const PreTokenizer& splitter, int threads);
  void add(std::string_view text);
  WordCounts finish();

 private:
  void count_waiting();

  const PreTokenizer& splitter_;
  std::vector<WordCounts> counts_;  // one for each thread
  std::vector<std::string> waiting_;
  size_t waiting_bytes_ = 0;
};

}  // namespace slovo
