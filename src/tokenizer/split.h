// Cutting a text at the matches of a pattern, in the ways of HF `tokenizers`
// (SplitDelimiterBehavior).
#pragma once

#include <functional>
#include <string_view>

#include "core/enum_names.h"
#include "tokenizer/regex.h"

namespace slovo {

enum class SplitBehavior {
  isolated,              ///< matches and what lies between them are pieces
  removed,               ///< only what lies between the matches
  merged_with_previous,  ///< a match ends the piece before it
  merged_with_next,      ///< a match begins the piece behind it
  contiguous,            ///< neighbouring matches are one piece
};
template <>
struct EnumNames<SplitBehavior> {
  static constexpr auto names =
      make_names<SplitBehavior>({{SplitBehavior::isolated, "Isolated"},
                                 {SplitBehavior::removed, "Removed"},
                                 {SplitBehavior::merged_with_previous, "MergedWithPrevious"},
                                 {SplitBehavior::merged_with_next, "MergedWithNext"},
                                 {SplitBehavior::contiguous, "Contiguous"}});
};

/// Calls emit(begin, end) for each piece that is not empty, in order. `invert` swaps matches and
/// the rest.
void split_text(std::string_view text, const Regex& pattern, SplitBehavior behavior, bool invert,
                const std::function<void(size_t, size_t)>& emit);
/// The same with each character that `test` accepts as a match.
void split_text(std::string_view text, bool (*test)(char32_t), SplitBehavior behavior,
                const std::function<void(size_t, size_t)>& emit);

}  // namespace slovo
