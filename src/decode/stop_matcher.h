// Stop texts in streamed output: found across token borders, and never shown, not even in part.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slovo {

class StopMatcher {
 public:
  /// Throws Error(config) when one of `stops` is empty.
  explicit StopMatcher(std::vector<std::string> stops);

  /// Takes the next piece of text and returns what may be shown: everything before a stop text, and
  /// less any end that may turn out to begin one.
  std::string push(std::string_view piece);
  /// What was held back, when no stop text came after all.
  std::string finish();
  bool stopped() const { return stopped_; }

 private:
  /// Bytes at the end of the text held that may be the beginning of a stop text.
  size_t possible_beginning() const;

  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace slovo
