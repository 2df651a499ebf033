#include "tokenizer/character_classes.h"

#include <map>
#include <string>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/regex.h"

namespace slovo {
namespace {

/// Gives `visit` each character of `text` that is in the class.
template <class Visit>
void for_each_in_class(const std::string& text, const char* pattern, Visit&& visit) {
  Regex(pattern, "character classes").for_each_match(text, [&](size_t begin, size_t end) {
    for (size_t at = begin; at < end;) visit(utf8::next(text, at));
  });
}

/// All characters that are in any class but kOther: few of the code points that there are.
std::string classified_characters() {
  std::string all;
  // Planes 4 to 13 are empty, 15 and 16 are private; in the 14th there are marks at its begin.
  for (char32_t c = 0; c < 0xE1000; c = c == 0x3FFFF ? 0xE0000 : c + 1) {
    if (c < 0xD800 || c >= 0xE000) utf8::append(all, c);
  }
  std::string out;
  for_each_in_class(all, R"([\p{L}\p{N}\p{M}\s]+)", [&](char32_t c) { utf8::append(out, c); });
  return out;
}

}  // namespace

CharacterClasses::CharacterClasses() {
  std::vector<uint8_t> all(kEnd);
  const std::string text = classified_characters();
  const auto mark = [&](const char* pattern, Class value) {
    for_each_in_class(text, pattern,
                      [&](char32_t c) { all[c] = static_cast<uint8_t>(all[c] | value); });
  };
  mark(R"(\p{L}+)", kLetter);
  mark(R"(\p{N}+)", kNumber);
  mark(R"(\s+)", kSpace);
  mark(R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)", kUpper);
  mark(R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]+)", kLower);
  mark(R"(\p{M}+)", kMark);
  mark(R"([\r\n]+)", kNewline);
  for (uint8_t& value : all) {
    if ((value & (kLetter | kNumber | kSpace)) == 0) value = static_cast<uint8_t>(value | kOther);
  }
  std::map<std::vector<uint8_t>, uint16_t> seen;
  for (size_t block = 0; block < places_.size(); ++block) {
    const auto begin = all.begin() + static_cast<ptrdiff_t>(block * kBlock);
    const std::vector<uint8_t> values(begin, begin + kBlock);
    const auto [entry, is_new] = seen.emplace(values, static_cast<uint16_t>(values_.size()));
    if (is_new) values_.insert(values_.end(), values.begin(), values.end());
    SLOVO_CHECK(values_.size() <= UINT16_MAX, "too many blocks of character classes");
    places_[block] = entry->second;
  }
}

const CharacterClasses& CharacterClasses::instance() {
  static const CharacterClasses classes;
  return classes;
}

}  // namespace slovo
