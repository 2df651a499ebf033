#include "tokenizer/characters.h"

#include <unicode/uchar.h>

#include <initializer_list>

#include "core/utf8.h"
#include "tokenizer/newer_characters.h"

namespace slovo {
namespace {

UChar32 code_of(char32_t c) { return static_cast<UChar32>(c); }

bool in_categories(char32_t c, uint32_t mask) { return (U_GET_GC_MASK(code_of(c)) & mask) != 0; }

/// In the categories, and assigned by that version of Unicode.
bool known_in(char32_t c, uint32_t mask, uint8_t version) {
  if (!in_categories(c, mask)) return false;
  UVersionInfo age;
  u_charAge(code_of(c), age);
  return age[0] != 0 && age[0] <= version;
}

bool is_one_of(char32_t c, std::initializer_list<char32_t> list) {
  for (const char32_t other : list) {
    if (c == other) return true;
  }
  return false;
}

}  // namespace

bool is_space(char32_t c) { return u_isUWhiteSpace(code_of(c)); }

bool is_word_character(char32_t c) {
  return u_isUAlphabetic(code_of(c)) || u_hasBinaryProperty(code_of(c), UCHAR_JOIN_CONTROL) ||
         in_categories(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) || is_newer(c, "L") ||
         is_newer(c, "M") || is_newer(c, "Nd");
}

bool is_numeric(char32_t c) { return in_categories(c, U_GC_N_MASK) || is_newer(c, "N"); }

bool is_punctuation(char32_t c) {
  if (c < 0x80) return in_categories(c, U_GC_P_MASK | U_GC_S_MASK);
  return known_in(c, U_GC_P_MASK, 8) || is_one_of(c, {0x166D, 0x111C9});
}

bool is_other(char32_t c) { return known_in(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK, 8); }

bool is_nonspacing_mark(char32_t c) {
  if (is_one_of(c, {0x1885, 0x1886, 0xA9BD, 0x111C9})) return false;
  return known_in(c, U_GC_MN_MASK, 8) || c == 0x1734;
}

bool is_combining_mark(char32_t c) {
  return (known_in(c, U_GC_M_MASK, 9) && c != 0x111C9) || is_one_of(c, {0x1CF2, 0x1CF3});
}

char32_t character_before(std::string_view text, size_t end, size_t& begin) {
  begin = end - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  size_t at = begin;
  return utf8::next(text, at);
}

size_t skip_spaces(std::string_view text, size_t at) {
  while (at < text.size()) {
    size_t next = at;
    if (!is_space(utf8::next(text, next))) break;
    at = next;
  }
  return at;
}

size_t skip_spaces_back(std::string_view text, size_t end) {
  size_t begin = 0;
  while (end > 0 && is_space(character_before(text, end, begin))) end = begin;
  return end;
}

}  // namespace slovo
