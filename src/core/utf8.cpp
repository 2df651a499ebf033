#include "core/utf8.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/error.h"

namespace slovo::utf8 {
namespace {

/// Bytes a lead byte announces: 0 when it cannot lead.
size_t announced_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

/// True when `second` may follow `lead` (rules out overlong forms, surrogates and values over
/// U+10FFFF).
bool second_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return second >= 0x80 && second <= 0xBF;
  }
}

/// How many bytes at `at` form a prefix of a well-formed character (its whole length when
/// complete).
size_t well_formed_prefix(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = announced_length(byte(at));
  if (length <= 1) return length;
  if (at + 1 >= text.size() || !second_fits(byte(at), byte(at + 1))) return 1;
  size_t have = 2;
  while (have < length && at + have < text.size() && (byte(at + have) & 0xC0) == 0x80) ++have;
  return have;
}

}  // namespace

void require_valid(std::string_view text, std::string_view where) {
  const size_t bad = find_invalid(text);
  if (bad == std::string_view::npos) return;
  throw_data(where, ": not UTF-8 at byte ", bad, "; convert the text first (iconv -t UTF-8)");
}

size_t char_length(std::string_view text, size_t at) {
  const size_t length = announced_length(static_cast<unsigned char>(text[at]));
  return length != 0 && well_formed_prefix(text, at) == length ? length : 0;
}

size_t find_invalid(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    std::array<uint64_t, 4> words{};
    if (at + sizeof words <= text.size()) {
      std::memcpy(words.data(), text.data() + at, sizeof words);
      if (((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080ULL) == 0) {
        at += sizeof words;
        continue;
      }
    }
    for (const size_t behind = std::min(at + sizeof words, text.size()); at < behind;) {
      const size_t length = char_length(text, at);
      if (length == 0) return at;
      at += length;
    }
  }
  return std::string_view::npos;
}

char32_t next(std::string_view text, size_t& at) {
  static constexpr unsigned char kLeadMask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  const auto lead = static_cast<unsigned char>(text[at]);
  const size_t length = announced_length(lead);
  auto code_point = static_cast<char32_t>(lead & kLeadMask[length]);
  for (size_t i = 1; i < length; ++i) {
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  }
  at += length == 0 ? 1 : length;
  return code_point;
}

void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

size_t count(std::string_view text) {
  size_t characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return characters;
}

size_t prefix_bytes(std::string_view text, size_t characters) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool starts = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts && characters-- == 0) break;
  }
  return at;
}

size_t incomplete_tail(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const size_t at = text.size() - back;
    const size_t length = announced_length(static_cast<unsigned char>(text[at]));
    if (length > back && well_formed_prefix(text, at) == back) return back;
    if (length != 0) return 0;
  }
  return 0;
}

std::string replace_invalid(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = char_length(text, at);
    if (length != 0) {
      out.append(text.substr(at, length));
      at += length;
    } else {
      append(out, 0xFFFD);
      const size_t part = well_formed_prefix(text, at);
      at += part == 0 ? 1 : part;
    }
  }
  return out;
}

}  // namespace slovo::utf8
