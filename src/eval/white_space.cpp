#include "eval/white_space.h"

#include "core/utf8.h"

namespace slovo {
namespace {

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

}  // namespace

int64_t count_words(std::string_view text) {
  int64_t runs = 0;
  bool in_run = false;
  for (size_t at = 0; at < text.size();) {
    const bool space = is_space(utf8::next(text, at));
    runs += space && !in_run ? 1 : 0;
    in_run = space;
  }
  return runs + 1;
}

size_t trimmed_size(std::string_view text) {
  size_t kept = 0;
  for (size_t at = 0; at < text.size();) {
    if (!is_space(utf8::next(text, at))) kept = at;
  }
  return kept;
}

}  // namespace slovo
