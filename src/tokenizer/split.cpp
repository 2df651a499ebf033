#include "tokenizer/split.h"

#include <vector>

#include "core/utf8.h"

namespace slovo {
namespace {

struct Part {
  size_t begin;
  size_t end;
  bool match;
};

/// Calls visit(part) for matches and what lies between them: together the whole text.
/// `for_each_match` calls its argument with the begin and end of every match.
template <class ForEachMatch, class Visit>
void for_each_part(std::string_view text, const ForEachMatch& for_each_match, bool invert,
                   Visit&& visit) {
  size_t previous = 0;
  for_each_match([&](size_t begin, size_t end) {
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

template <class ForEachMatch>
void split_at(std::string_view text, const ForEachMatch& matches, SplitBehavior behavior,
              bool invert, const std::function<void(size_t, size_t)>& emit) {
  if (text.empty()) return;
  const auto emit_part = [&](const Part& part) {
    if (part.begin != part.end) emit(part.begin, part.end);
  };
  if (behavior == SplitBehavior::isolated) return for_each_part(text, matches, invert, emit_part);
  if (behavior == SplitBehavior::removed) {
    return for_each_part(text, matches, invert, [&](const Part& part) {
      if (!part.match) emit_part(part);
    });
  }
  std::vector<Part> parts;
  for_each_part(text, matches, invert, [&](const Part& part) { parts.push_back(part); });
  if (behavior == SplitBehavior::merged_with_previous) parts = merge_with_previous(parts);
  if (behavior == SplitBehavior::merged_with_next) parts = merge_with_next(parts);
  if (behavior == SplitBehavior::contiguous) parts = merge_contiguous(parts);
  for (const Part& part : parts) emit_part(part);
}

}  // namespace

void split_text(std::string_view text, const Regex& pattern, SplitBehavior behavior, bool invert,
                const std::function<void(size_t, size_t)>& emit) {
  const auto matches = [&](const auto& use) { pattern.for_each_match(text, use); };
  split_at(text, matches, behavior, invert, emit);
}

void split_text(std::string_view text, bool (*test)(char32_t), SplitBehavior behavior,
                const std::function<void(size_t, size_t)>& emit) {
  const auto matches = [&](const auto& use) {
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      if (test(utf8::next(text, at))) use(begin, at);
    }
  };
  split_at(text, matches, behavior, false, emit);
}

}  // namespace slovo
