#include "tokenizer/newer_characters.h"

#include <algorithm>
#include <iterator>

#include "tokenizer/newer_characters_table.h"

namespace slovo {
namespace {

using detail::kNewerCharacters;
using detail::NewerRange;

/// Letters from here on are ideographs.
constexpr char32_t kIdeographicPlanes = 0x20000;

/// Names are compared without case, spaces, "-" and "_".
std::string loose(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c != ' ' && c != '-' && c != '_')
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

bool is_in(const NewerRange& range, const std::string& property) {
  if (property == "han" || property == "script=han") return range.first >= kIdeographicPlanes;
  return !property.empty() && loose(range.category).starts_with(property);
}

std::string hex(char32_t c) {
  std::string out;
  for (; c > 0; c /= 16) out += "0123456789abcdef"[c % 16];
  std::reverse(out.begin(), out.end());
  return "\\x{" + out + "}";
}

}  // namespace

std::string newer_ranges(std::string_view property) {
  const std::string wanted = loose(property);
  std::string out;
  for (auto range = std::begin(kNewerCharacters); range != std::end(kNewerCharacters);) {
    const NewerRange& first = *range;
    char32_t last = first.last;
    const bool in = is_in(first, wanted);
    // Neighbours of other categories that are in the property too belong to the same range.
    while (++range != std::end(kNewerCharacters) && in && range->first == last + 1 &&
           is_in(*range, wanted))
      last = range->last;
    if (!in) continue;
    out += hex(first.first);
    if (last > first.first) out += "-" + hex(last);
  }
  return out;
}

bool is_newer(char32_t c, std::string_view category) {
  const auto* range =
      std::upper_bound(std::begin(kNewerCharacters), std::end(kNewerCharacters), c,
                       [](char32_t wanted, const NewerRange& r) { return wanted < r.first; });
  if (range == std::begin(kNewerCharacters)) return false;
  --range;
  return c <= range->last && std::string_view(range->category).starts_with(category);
}

}  // namespace slovo
