// Words with their counts, in little memory: an open-addressing table of places beside the words'
// bytes one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slovo {

class WordCounts {
 public:
  WordCounts() = default;
  WordCounts(std::initializer_list<std::pair<std::string_view, int64_t>> words);

  /// True for a word that is new.
  bool add(std::string_view word, int64_t count = 1);
  size_t size() const { return words_.size(); }
  int64_t text_bytes() const { return static_cast<int64_t>(text_.size()); }
  int64_t count(std::string_view word) const;
  /// Bytes that this takes, or takes for a moment when it grows next.
  size_t memory_bytes() const;
  void clear() { *this = WordCounts(); }

  /// Calls visit(word, count) for each, in the order of their coming.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Word& word : words_) visit(view(word), word.count);
  }
  /// The same, in the order of their bytes.
  template <class Visit>
  void for_each_sorted(Visit&& visit) const {
    for (const uint32_t i : sorted()) visit(view(words_[i]), words_[i].count);
  }

 private:
  struct Word {
    uint64_t begin;
    int64_t count;
    uint32_t size;
    uint32_t hash;
  };

  static uint32_t hash(std::string_view word);
  std::string_view view(const Word& word) const { return {text_.data() + word.begin, word.size}; }
  /// The slot of a word, or the free one where it belongs.
  size_t find(std::string_view word, uint32_t hash) const;
  void grow();
  std::vector<uint32_t> sorted() const;

  std::vector<uint32_t> slots_;  // places in words_, from 1; 0: free
  std::vector<Word> words_;
  std::string text_;
};

}  // namespace slovo
