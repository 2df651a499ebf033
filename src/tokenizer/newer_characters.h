// Characters that Unicode 15 and 16 added. Libraries of the system know them or not, by their age;
// Hugging Face `tokenizers` and tiktoken know them: with this the ids are the same everywhere.
#pragma once

#include <string>
#include <string_view>

namespace slovo {

/// The newer characters of \p{property} as ranges inside a class of PCRE2's: "" when there are
/// none. Knows the general categories ("L", "Lu") and Han; of other scripts nothing is added.
std::string newer_ranges(std::string_view property);
/// In \w, \p{N}, ... because of its general category: "L", "Nd".
bool is_newer(char32_t c, std::string_view category);

}  // namespace slovo
