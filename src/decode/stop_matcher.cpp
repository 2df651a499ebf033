#include "decode/stop_matcher.h"

#include <algorithm>

#include "core/error.h"

namespace slovo {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  if (std::ranges::find(stops_, "") != stops_.end()) {
    throw_config(
        "decode.stop holds an empty text, which would end every completion at once; take it out");
  }
}

std::string StopMatcher::push(std::string_view piece) {
  if (stopped_) return "";
  held_ += piece;
  size_t end = std::string::npos;
  for (const std::string& stop : stops_) end = std::min(end, held_.find(stop));
  stopped_ = end != std::string::npos;
  if (!stopped_) end = held_.size() - possible_beginning();
  std::string out = held_.substr(0, end);
  held_.erase(0, end);
  return out;
}

std::string StopMatcher::finish() { return stopped_ ? "" : std::exchange(held_, ""); }

size_t StopMatcher::possible_beginning() const {
  size_t longest = 0;
  for (const std::string& stop : stops_) {
    for (size_t length = std::min(stop.size() - 1, held_.size()); length > longest; --length) {
      if (held_.ends_with(std::string_view(stop).substr(0, length))) longest = length;
    }
  }
  return longest;
}

}  // namespace slovo
