// Regular expressions as tokenizer files write them: Oniguruma's dialect, run by PCRE2 with JIT.
// What the two read differently is translated; what cannot be is refused by name.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace slovo {

class Regex {
 public:
  /// Throws Error(data), led by `where`, for a pattern that is not valid or not supported.
  Regex(std::string_view pattern, std::string_view where);
  /// A pattern that matches just `text`, which must not be empty.
  static Regex literal(std::string_view text, std::string_view where);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) = delete;

  /// Calls on_match(begin, end) for each match in order, as Oniguruma's iteration does: an empty
  /// match right behind the last one is passed over. `text` must be well-formed UTF-8. Thread-safe.
  template <class OnMatch>
  void for_each_match(std::string_view text, OnMatch&& on_match) const {
    size_t from = 0;
    size_t last_end = std::string_view::npos;
    size_t begin = 0;
    size_t end = 0;
    while (from <= text.size() && find(text, from, begin, end)) {
      if (begin == end && end == last_end) {
        from = next_character(text, from);
        continue;
      }
      from = last_end = end;
      on_match(begin, end);
    }
  }

 private:
  struct Program;
  explicit Regex(std::unique_ptr<Program> program);
  bool find(std::string_view text, size_t from, size_t& begin, size_t& end) const;
  static size_t next_character(std::string_view text, size_t at);

  std::unique_ptr<Program> program_;
};

/// Oniguruma's pattern as PCRE2 reads it: \s, \S, \h, \v and the anchors mean other things there.
std::string translate_oniguruma(std::string_view pattern, std::string_view where);

/// How GPT-2, GPT-4 (cl100k; Llama 3 too), Qwen 2 and GPT-4o (o200k) cut text into words.
extern const char* const kGpt2Pattern;
extern const char* const kGpt4Pattern;
extern const char* const kQwen2Pattern;
extern const char* const kO200kPattern;

}  // namespace slovo
