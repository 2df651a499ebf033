// White space as Python knows it, for counts and cuts that equal those of lm-evaluation-harness.
#pragma once

#include <cstdint>
#include <string_view>

namespace slovo {

/// Parts of well-formed `text` between runs of white space, an empty part at either end included:
/// len(re.split(r"\s+", text)).
int64_t count_words(std::string_view text);
/// Bytes of well-formed `text` without the white space at its end: len(text.rstrip()).
size_t trimmed_size(std::string_view text);

}  // namespace slovo
