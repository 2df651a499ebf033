// Python's string functions on UTF-8: white space, case, splitting, slicing by characters, and how
// Python and JSON write strings and numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slovo::jinja {

/// str.isspace() of one character.
bool is_space(char32_t character);
enum class Side { left, right, both };
/// Without white space (or any of `characters`) at the ends.
std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> characters = std::nullopt);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalize(std::string_view text);
/// str.title(): every run of letters.
std::string title(std::string_view text);
/// The filter `title`: words begin behind white space, hyphens and brackets.
std::string title_words(std::string_view text);
/// str.isupper() and str.islower().
bool is_upper(std::string_view text);
bool is_lower(std::string_view text);

/// str.split(); no separator: at runs of white space. `most` cuts (negative: all).
std::vector<std::string_view> split(std::string_view text,
                                    std::optional<std::string_view> separator, int64_t most);
std::vector<std::string_view> split_lines(std::string_view text);
std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    int64_t most);
/// Offset of `part` at or behind `from`, or npos; in time linear in the text, whatever the part.
size_t find_text(std::string_view text, std::string_view part, size_t from = 0);
/// Occurrences that do not overlap; of "" one more than there are characters.
int64_t count(std::string_view text, std::string_view part);
std::vector<std::string_view> characters(std::string_view text);
/// `&`, `<`, `>` and quotes as HTML writes them.
std::string escape(std::string_view text);

/// `repr(text)`.
std::string python_quoted(std::string_view text);
/// A JSON string; `ascii`: other characters as \uXXXX.
std::string json_quoted(std::string_view text, bool ascii);
/// `repr(number)`: the shortest text that reads back as the same number.
std::string print_float(double number);
/// `int(text)` and `float(text)`.
std::optional<int64_t> parse_integer(std::string_view text);
std::optional<double> parse_float(std::string_view text);

}  // namespace slovo::jinja
