// Hand-written forms of the patterns by which well-known models cut text into words: the same
// words as the regular expression, many times faster. A pattern is known by its exact text; any
// other one is the business of Regex.
#pragma once

#include <optional>
#include <string_view>

#include "tokenizer/character_classes.h"

namespace slovo {

class Scanner {
 public:
  /// The scanner for a pattern's matches (together they are the whole text), if there is one.
  static std::optional<Scanner> find(std::string_view pattern);

  /// The end of the word that begins at `at`, which is before `end`. Looks at nothing in front of
  /// `at`, so a scan may begin at any word. The text must be well-formed UTF-8.
  const char* next(const char* at, const char* end) const { return find_end_(classes_, at, end); }

  /// Calls visit(begin, end) for each word of `text`.
  template <class Visit>
  void for_each_word(std::string_view text, Visit&& visit) const {
    const char* const first = text.data();
    const char* const end = first + text.size();
    for (const char* at = first; at < end;) {
      const char* const stop = next(at, end);
      visit(static_cast<size_t>(at - first), static_cast<size_t>(stop - first));
      at = stop;
    }
  }

 private:
  using FindEnd = const char* (*)(const CharacterClasses&, const char*, const char*);
  explicit Scanner(FindEnd find_end)
      : classes_(CharacterClasses::instance()), find_end_(find_end) {}

  const CharacterClasses& classes_;
  FindEnd find_end_;
};

/// A place behind `at` where text may be cut without changing the words of any scanner: where
/// letters end and no mark or apostrophe goes on with the word. The end when there is none.
size_t find_word_end(std::string_view text, size_t at);
/// The same, before white space where there is some near: no tokenizer joins words over that.
size_t find_part_end(std::string_view text, size_t at);

}  // namespace slovo
