#include "tokenizer/split.h"

#include <vector>

namespace slovo {
namespace {

struct Part {
  size_t begin;
  size_t end;
  bool match;
};

/// Calls visit(part) for matches and what lies between them: together the whole text.
template <class Visit>
void for_each_part(std::string_view text, const Regex& pattern, bool invert, Visit&& visit) {
  size_t previous = 0;
  pattern.for_each_match(text, [&](size_t begin, size_t end) {
    if (previous != begin) visit(Part{previous, begin, invert});
    visit(Part{begin, end, !invert});
    previous = end;
  });
  if (previous != text.size()) visit(Part{previous, text.size(), invert});
}

std::vector<Part> merge_with_previous(const std::vector<Part>& parts) {
  std::vector<Part> out;
  bool previous_match = false;
  for (const Part& part : parts) {
    if (part.match && !previous_match && !out.empty()) {
      out.back().end = part.end;
    } else {
      out.push_back(part);
    }
    previous_match = part.match;
  }
  return out;
}

std::vector<Part> merge_with_next(const std::vector<Part>& parts) {
  std::vector<Part> reversed;
  bool previous_match = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (part->match && !previous_match && !reversed.empty()) {
      reversed.back().begin = part->begin;
    } else {
      reversed.push_back(*part);
    }
    previous_match = part->match;
  }
  return {reversed.rbegin(), reversed.rend()};
}

std::vector<Part> merge_contiguous(const std::vector<Part>& parts) {
  std::vector<Part> out;
  for (const Part& part : parts) {
    if (!out.empty() && out.back().match == part.match) {
      out.back().end = part.end;
    } else {
      out.push_back(part);
    }
  }
  return out;
}

}  // namespace

void split_text(std::string_view text, const Regex& pattern, SplitBehavior behavior, bool invert,
                const std::function<void(size_t, size_t)>& emit) {
  if (text.empty()) return;
  const auto emit_part = [&](const Part& part) {
    if (part.begin != part.end) emit(part.begin, part.end);
  };
  if (behavior == SplitBehavior::isolated) return for_each_part(text, pattern, invert, emit_part);
  if (behavior == SplitBehavior::removed) {
    return for_each_part(text, pattern, invert, [&](const Part& part) {
      if (!part.match) emit_part(part);
    });
  }
  std::vector<Part> parts;
  for_each_part(text, pattern, invert, [&](const Part& part) { parts.push_back(part); });
  if (behavior == SplitBehavior::merged_with_previous) parts = merge_with_previous(parts);
  if (behavior == SplitBehavior::merged_with_next) parts = merge_with_next(parts);
  if (behavior == SplitBehavior::contiguous) parts = merge_contiguous(parts);
  for (const Part& part : parts) emit_part(part);
}

}  // namespace slovo
