// Small text helpers: joining values into a message, human-readable quantities, nearest names.
// Not a formatting library: g++ 12 has no <format>, and fmt's headers clash with LibTorch's copy.
#pragma once

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace slovo {

/// All arguments written one after the other, as operator<< writes them.
template <class... Args>
std::string cat(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return out.str();
}

/// `value` with exactly `digits` decimals.
std::string fixed(double value, int digits);
/// 1234567 -> "1,234,567".
std::string with_commas(int64_t value);
/// "1 thread", "2,000 threads".
std::string counted(int64_t count, const std::string& what);
/// 1536 -> "1.5 KiB"; powers of 1024.
std::string human_bytes(double bytes);
/// The opposite: "1.5KiB", "1.5 K", "1536", also "MB" and "GB" (all powers of 1024); nothing for
/// any other text.
std::optional<int64_t> parse_bytes(std::string_view text);
/// 1234567 -> "1.23M"; powers of 1000, three significant digits.
std::string human_count(double count);
/// 3725 -> "1h 02m"; 61 -> "1m 01s"; 3.2 -> "3.2s".
std::string human_duration(double seconds);
/// "a, b, c".
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");
/// A part of a line and how soon it is left out where there is no room: 0 stays.
struct LinePart {
  int rank = 0;
  std::string text;
};
/// The parts that are not empty, two spaces between them; those of the highest rank are left out
/// until `columns` hold the rest.
std::string fitted(std::vector<LinePart> parts, size_t columns);
/// `text` as one word of a shell command, in quotes where it needs them.
std::string shell_quoted(const std::string& text);
/// `text` in one line, as a message may quote it: line ends and other control characters as \n,
/// \x1b.
std::string in_one_line(std::string_view text);
/// The candidate with the least edit distance to `name`, or "" when none is near (over a third of
/// its length away).
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);
/// ` (did you mean "x"?)`, or "" when no candidate is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace slovo
