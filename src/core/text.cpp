#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace slovo {

std::string fixed(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
  return buffer;
}

std::string with_commas(int64_t value) {
  std::string digits = std::to_string(value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3;) digits.insert(i -= 3, ",");
  return digits;
}

std::string counted(int64_t count, const std::string& what) {
  return cat(with_commas(count), " ", what, count == 1 ? "" : "s");
}

std::string human_bytes(double bytes) {
  static const char* const kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < std::size(kUnits)) {
    bytes /= 1024;
    ++unit;
  }
  return cat(fixed(bytes, unit == 0 ? 0 : bytes < 10 ? 2 : 1), " ", kUnits[unit]);
}

std::optional<int64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  static constexpr std::string_view kLetters = "KMGT";
  double factor = 1;
  if (!unit.empty() && unit != "B") {
    const size_t power = kLetters.find(unit.front());
    unit.remove_prefix(1);
    if (power == std::string_view::npos || (!unit.empty() && unit != "B" && unit != "iB"))
      return std::nullopt;
    factor = std::pow(1024.0, static_cast<double>(power + 1));
  }
  constexpr double kMost = 0x1p62;
  if (number * factor > kMost) return std::nullopt;
  return static_cast<int64_t>(number * factor);
}

std::string human_count(double count) {
  static const char* const kUnits[] = {"", "K", "M", "B", "T"};
  size_t unit = 0;
  while (count >= 1000 && unit + 1 < std::size(kUnits)) {
    count /= 1000;
    ++unit;
  }
  const int digits = unit == 0 ? 0 : count < 10 ? 2 : count < 100 ? 1 : 0;
  return fixed(count, digits) + kUnits[unit];
}

std::string human_duration(double seconds) {
  char buffer[64];
  if (seconds < 59.95) {  // what prints as less than 60.0
    std::snprintf(buffer, sizeof buffer, "%.1fs", seconds);
    return buffer;
  }
  const auto total = static_cast<int64_t>(std::llround(seconds));
  const auto hours = static_cast<long long>(total / 3600);
  if (hours > 0) {
    std::snprintf(buffer, sizeof buffer, "%lldh %02dm", hours, static_cast<int>(total / 60 % 60));
  } else {
    std::snprintf(buffer, sizeof buffer, "%dm %02ds", static_cast<int>(total / 60),
                  static_cast<int>(total % 60));
  }
  return buffer;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::string fitted(std::vector<LinePart> parts, size_t columns) {
  std::erase_if(parts, [](const LinePart& part) { return part.text.empty(); });
  while (true) {
    std::string line;
    for (const LinePart& part : parts) line += (line.empty() ? "" : "  ") + part.text;
    const auto last =
        std::max_element(parts.begin(), parts.end(),
                         [](const LinePart& a, const LinePart& b) { return a.rank < b.rank; });
    if (line.size() <= columns || last == parts.end() || last->rank == 0) return line;
    parts.erase(last);
  }
}

std::string in_one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      out += c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      out += escaped;
    }
  }
  return out;
}

std::string shell_quoted(const std::string& text) {
  if (text.find_first_of("\"$`\\!") == std::string::npos) return cat("\"", text, "\"");
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = name.size() / 3 + 2;
  for (const auto& candidate : candidates) {
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string near = nearest_name(name, candidates);
  return near.empty() ? "" : cat(" (did you mean \"", near, "\"?)");
}

}  // namespace slovo
