#include "tokenizer/scanner.h"

#include <algorithm>
#include <cstring>

#include "tokenizer/regex.h"

// Each scanner takes the alternatives of its pattern in order, as the regular expression does, and
// takes back what its repetitions would give back.

namespace slovo {
namespace {

using Classes = CharacterClasses;
using Character = CharacterClasses::Character;

constexpr Character kNothing{0, 0};  // what is read at the end of the text

Character look(const Classes& classes, const char* at, const char* end) {
  return at < end ? classes.look(at) : kNothing;
}

/// The end of a run of characters of a class.
const char* skip(const Classes& classes, const char* at, const char* end, uint8_t mask) {
  while (at < end) {
    const Character c = classes.look(at);
    if ((c.classes & mask) == 0) break;
    at += c.bytes;
  }
  return at;
}

/// Like skip(), but at most `most` characters.
const char* skip_some(const Classes& classes, const char* at, const char* end, uint8_t mask,
                      int most) {
  for (; most > 0 && at < end; --most) {
    const Character c = classes.look(at);
    if ((c.classes & mask) == 0) break;
    at += c.bytes;
  }
  return at;
}

/// Bytes of 's, 't, 're, 've, 'm, 'll or 'd at `at`, or 0. `fold`: (?i), by which U+017F is an s.
ptrdiff_t contraction(const char* at, const char* end, bool fold) {
  if (end - at < 2 || *at != '\'') return 0;
  const auto letter = [&](ptrdiff_t i) {
    const char c = end - at > i ? at[i] : '\0';
    return fold && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char second = letter(2);
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return second == 'e' ? 3 : 0;
    case 'l':
      return second == 'l' ? 3 : 0;
    case '\xC5':
      return fold && second == '\xBF' ? 3 : 0;
    default:
      return 0;
  }
}

/// \s+(?!\S)|\s+ at white space whose run ends at `stop`: all of it at the end of the text, else
/// all but its last character, or the only one.
const char* white_space(const char* at, const char* stop, const char* end) {
  if (stop == end) return stop;
  const char* last = stop - 1;
  while ((static_cast<uint8_t>(*last) & 0xC0) == 0x80) --last;
  return last == at ? stop : last;
}

/// \s*[\r\n]+|\s+(?!\S)|\s+
const char* lines_or_white_space(const Classes& classes, const char* at, const char* end) {
  const char* const stop = skip(classes, at, end, Classes::kSpace);
  for (const char* last = stop; last > at; --last) {
    if (last[-1] == '\n' || last[-1] == '\r') return last;
  }
  return white_space(at, stop, end);
}

const char* next_gpt2(const Classes& classes, const char* at, const char* end) {
  if (*at == '\'') {
    if (const ptrdiff_t bytes = contraction(at, end, false)) return at + bytes;
  }
  const char* begin = at;
  Character c = classes.look(at);
  if (*at == ' ' && at + 1 < end) {
    const Character second = classes.look(at + 1);
    if ((second.classes & Classes::kSpace) == 0) {
      c = second;
      ++begin;
    }
  }
  if ((c.classes & Classes::kSpace) != 0)
    return white_space(at, skip(classes, at, end, Classes::kSpace), end);
  for (const uint8_t mask : {Classes::kLetter, Classes::kNumber}) {
    if ((c.classes & mask) != 0) return skip(classes, begin + c.bytes, end, mask);
  }
  return skip(classes, begin + c.bytes, end, Classes::kOther);
}

/// [^\s\p{L}\p{N}]+[\r\n]* with `also` among what may follow; `at` is behind the first character.
const char* punctuation(const Classes& classes, const char* at, const char* end, char also) {
  at = skip(classes, at, end, Classes::kOther);
  while (at < end && (*at == '\r' || *at == '\n' || *at == also)) ++at;
  return at;
}

/// What GPT-4's pattern and its relatives share behind words and numbers.
const char* other_than_word(const Classes& classes, const char* at, const char* end, Character c,
                            Character second, char also) {
  if ((c.classes & Classes::kOther) != 0) return punctuation(classes, at + c.bytes, end, also);
  if (*at == ' ' && (second.classes & Classes::kOther) != 0)
    return punctuation(classes, at + 1 + second.bytes, end, also);
  return lines_or_white_space(classes, at, end);
}

template <int kDigits>
const char* next_gpt4(const Classes& classes, const char* at, const char* end) {
  if (*at == '\'') {
    if (const ptrdiff_t bytes = contraction(at, end, true)) return at + bytes;
  }
  const Character c = classes.look(at);
  if ((c.classes & Classes::kLetter) != 0)
    return skip(classes, at + c.bytes, end, Classes::kLetter);
  if ((c.classes & Classes::kNumber) != 0)
    return skip_some(classes, at + c.bytes, end, Classes::kNumber, kDigits - 1);
  const Character second = look(classes, at + c.bytes, end);
  if ((second.classes & Classes::kLetter) != 0 && (c.classes & Classes::kNewline) == 0)
    return skip(classes, at + c.bytes + second.bytes, end, Classes::kLetter);
  return other_than_word(classes, at, end, c, second, '\n');
}

/// The end of [upper]*[lower]+ at `at`, or null. Upper and lower share marks and the letters
/// without case: where no lower letter follows, the last of those is given back to [lower]+.
const char* capitals_and_letters(const Classes& classes, const char* at, const char* end) {
  const char* shared_end = nullptr;
  while (at < end) {
    const Character c = classes.look(at);
    if ((c.classes & Classes::kUpper) == 0) {
      if ((c.classes & Classes::kLower) == 0) break;
      return skip(classes, at, end, Classes::kLower);
    }
    at += c.bytes;
    if ((c.classes & Classes::kLower) != 0) shared_end = at;
  }
  return shared_end;
}

/// The word of o200k at `at`, or null: the pattern's first two alternatives.
const char* cased_word(const Classes& classes, const char* at, const char* end, Character c) {
  constexpr uint8_t kNoPrefix = Classes::kLetter | Classes::kNumber | Classes::kNewline;
  const bool prefix = (c.classes & kNoPrefix) == 0;
  const char* const behind = at + c.bytes;
  const char* stop = prefix ? capitals_and_letters(classes, behind, end) : nullptr;
  if (!stop) stop = capitals_and_letters(classes, at, end);
  if (!stop) {  // [upper]+ alone: nothing that [lower] takes is in it or behind it
    const char* const begin = prefix ? behind : at;
    stop = skip(classes, begin, end, Classes::kUpper);
    if (stop == begin) return nullptr;
  }
  return stop + contraction(stop, end, true);
}

const char* next_o200k(const Classes& classes, const char* at, const char* end) {
  const Character c = classes.look(at);
  if ((c.classes & Classes::kNumber) != 0)
    return skip_some(classes, at + c.bytes, end, Classes::kNumber, 2);
  if (const char* stop = cased_word(classes, at, end, c)) return stop;
  return other_than_word(classes, at, end, c, look(classes, at + c.bytes, end), '/');
}

}  // namespace

std::optional<Scanner> Scanner::find(std::string_view pattern) {
  if (pattern == kGpt2Pattern) return Scanner(next_gpt2);
  if (pattern == kGpt4Pattern) return Scanner(next_gpt4<3>);
  if (pattern == kQwen2Pattern) return Scanner(next_gpt4<1>);
  if (pattern == kO200kPattern) return Scanner(next_o200k);
  return std::nullopt;
}

size_t find_word_end(std::string_view text, size_t at) {
  const Classes& classes = Classes::instance();
  const char* const first = text.data();
  const char* const end = first + text.size();
  bool letter = false;
  while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) ++at;
  for (const char* place = first + at; place < end;) {
    const Character c = classes.look(place);
    if (letter && (c.classes & (Classes::kLetter | Classes::kMark)) == 0 && *place != '\'')
      return static_cast<size_t>(place - first);
    letter = (c.classes & Classes::kLetter) != 0;
    place += c.bytes;
  }
  return text.size();
}

size_t find_part_end(std::string_view text, size_t at) {
  constexpr size_t kNear = size_t{64} << 10;
  const Classes& classes = Classes::instance();
  const size_t far = std::min(text.size(), at + kNear);
  for (size_t place = at; place < far;) {
    place = find_word_end(text, place);
    if (place < far && (classes.look(text.data() + place).classes & Classes::kSpace) != 0)
      return place;
  }
  return find_word_end(text, at);
}

}  // namespace slovo
