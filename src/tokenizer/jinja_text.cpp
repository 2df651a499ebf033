#include "tokenizer/jinja_text.h"

#include <unicode/ucasemap.h>
#include <unicode/uchar.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "core/utf8.h"

namespace slovo::jinja {
namespace {

char32_t first_of(std::string_view character) {
  size_t at = 0;
  return utf8::next(character, at);
}

/// Bytes of the last character of well-formed, non-empty text.
size_t last_length(std::string_view text) {
  size_t bytes = 1;
  while ((static_cast<unsigned char>(text[text.size() - bytes]) & 0xC0) == 0x80) ++bytes;
  return bytes;
}

using CaseMapper = int32_t (*)(const UCaseMap*, char*, int32_t, const char*, int32_t, UErrorCode*);

std::string map_case(std::string_view text, CaseMapper mapper) {
  struct Closer {
    void operator()(UCaseMap* map) const { ucasemap_close(map); }
  };
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UCaseMap, Closer> map(ucasemap_open("", 0, &status));
  SLOVO_CHECK(U_SUCCESS(status), u_errorName(status));
  SLOVO_CHECK(text.size() < INT32_MAX / 4, "a rendering makes less text");
  std::string out(text.size() * 3 + 1, '\0');  // no character grows more
  const int32_t size = mapper(map.get(), out.data(), static_cast<int32_t>(out.size()), text.data(),
                              static_cast<int32_t>(text.size()), &status);
  SLOVO_CHECK(U_SUCCESS(status), u_errorName(status));
  out.resize(static_cast<size_t>(size));
  return out;
}

/// The title case of one character: U+01C4 has one of its own; "ß" becomes "Ss".
std::string title_of(std::string_view character) {
  const std::string capital = upper(character);
  std::string out;
  if (capital.size() == utf8::char_length(capital, 0)) {
    utf8::append(out, static_cast<char32_t>(u_totitle(static_cast<UChar32>(first_of(character)))));
    return out;
  }
  const size_t first = utf8::char_length(capital, 0);
  return capital.substr(0, first) + lower(std::string_view(capital).substr(first));
}

bool is_cased(char32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_CASED); }

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  switch (u_charType(static_cast<UChar32>(c))) {
    case U_UNASSIGNED:
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_PRIVATE_USE_CHAR:
    case U_SURROGATE:
    case U_SPACE_SEPARATOR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
      return false;
    default:
      return true;
  }
}

std::string hex(char32_t value, int digits) {
  std::string out;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(value >> shift) & 15];
  return out;
}

bool ends_line(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

std::vector<std::string_view> split_words(std::string_view text, int64_t most) {
  std::vector<std::string_view> out;
  text = strip(text, Side::left);
  while (!text.empty()) {
    if (most >= 0 && static_cast<int64_t>(out.size()) == most) {
      out.push_back(strip(text, Side::right));
      break;
    }
    size_t end = 0;
    while (end < text.size()) {
      size_t next = end;
      if (is_space(utf8::next(text, next))) break;
      end = next;
    }
    out.push_back(text.substr(0, end));
    text = strip(text.substr(end), Side::left);
  }
  return out;
}

/// Digits with single "_" between them taken out, as Python reads numbers.
std::optional<std::string> plain_digits(std::string_view text) {
  const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_')
      out += text[i];
    else if (i == 0 || !digit(i - 1) || !digit(i + 1))
      return std::nullopt;
  }
  return out;
}

}  // namespace

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> characters) {
  const auto goes = [&](std::string_view one) {
    return characters ? characters->find(one) != std::string_view::npos : is_space(first_of(one));
  };
  while (side != Side::right && !text.empty()) {
    const size_t bytes = utf8::char_length(text, 0);
    if (!goes(text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (side != Side::left && !text.empty()) {
    const size_t bytes = last_length(text);
    if (!goes(text.substr(text.size() - bytes))) break;
    text.remove_suffix(bytes);
  }
  return text;
}

std::string upper(std::string_view text) { return map_case(text, ucasemap_utf8ToUpper); }
std::string lower(std::string_view text) { return map_case(text, ucasemap_utf8ToLower); }

std::string capitalize(std::string_view text) {
  if (text.empty()) return "";
  const size_t first = utf8::char_length(text, 0);
  return title_of(text.substr(0, first)) + lower(text.substr(first));
}

std::string title(std::string_view text) {
  std::string out;
  bool inside = false;
  for (const auto one : characters(text)) {
    out += inside ? lower(one) : title_of(one);
    inside = is_cased(first_of(one));
  }
  return out;
}

std::string title_words(std::string_view text) {
  std::string out;
  size_t begin = 0;  // of the word, where it has begun
  const auto flush = [&](size_t end) {
    if (end == begin) return;
    const size_t first = begin + utf8::char_length(text, begin);
    out += upper(text.substr(begin, first - begin)) + lower(text.substr(first, end - first));
  };
  for (size_t at = 0; at < text.size();) {
    size_t next = at;
    const char32_t c = utf8::next(text, next);
    if (is_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<') {
      flush(at);
      out += text.substr(at, next - at);
      begin = next;
    }
    at = next;
  }
  flush(text.size());
  return out;
}

bool is_upper(std::string_view text) {
  bool any = false;
  for (const auto one : characters(text)) {
    const auto c = static_cast<UChar32>(first_of(one));
    if (u_hasBinaryProperty(c, UCHAR_LOWERCASE) || u_charType(c) == U_TITLECASE_LETTER)
      return false;
    any = any || u_hasBinaryProperty(c, UCHAR_UPPERCASE);
  }
  return any;
}

bool is_lower(std::string_view text) {
  bool any = false;
  for (const auto one : characters(text)) {
    const auto c = static_cast<UChar32>(first_of(one));
    if (u_hasBinaryProperty(c, UCHAR_UPPERCASE) || u_charType(c) == U_TITLECASE_LETTER)
      return false;
    any = any || u_hasBinaryProperty(c, UCHAR_LOWERCASE);
  }
  return any;
}

std::vector<std::string_view> split(std::string_view text,
                                    std::optional<std::string_view> separator, int64_t most) {
  if (!separator) return split_words(text, most);
  std::vector<std::string_view> out;
  while (most < 0 || static_cast<int64_t>(out.size()) < most) {
    const size_t at = find_text(text, *separator);
    if (at == std::string_view::npos) break;
    out.push_back(text.substr(0, at));
    text.remove_prefix(at + separator->size());
  }
  out.push_back(text);
  return out;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    size_t next = at;
    if (!ends_line(utf8::next(text, next))) {
      at = next;
      continue;
    }
    out.push_back(text.substr(begin, at - begin));
    if (text[at] == '\r' && next < text.size() && text[next] == '\n') ++next;
    begin = at = next;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

std::string replace(std::string_view text, std::string_view old, std::string_view with,
                    int64_t most) {
  std::string out;
  size_t at = 0;
  for (int64_t done = 0; most < 0 || done < most; ++done) {
    if (old.empty()) {  // before every character and at the end
      out += with;
      if (at == text.size()) break;
      const size_t bytes = utf8::char_length(text, at);
      out += text.substr(at, bytes);
      at += bytes;
      continue;
    }
    const size_t found = find_text(text, old, at);
    if (found == std::string_view::npos) break;
    out += text.substr(at, found - at);
    out += with;
    at = found + old.size();
  }
  return out += text.substr(at);
}

size_t find_text(std::string_view text, std::string_view part, size_t from) {
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

int64_t count(std::string_view text, std::string_view part) {
  if (part.empty()) return static_cast<int64_t>(utf8::count(text)) + 1;
  int64_t out = 0;
  for (size_t at = 0; (at = find_text(text, part, at)) != std::string_view::npos; at += part.size())
    ++out;
  return out;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = utf8::char_length(text, at);
    out.push_back(text.substr(at, bytes));
    at += bytes;
  }
  return out;
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string python_quoted(std::string_view text) {
  const bool single = text.find('\'') == std::string_view::npos;
  const char quote = single || text.find('"') != std::string_view::npos ? '\'' : '"';
  std::string out(1, quote);
  for (const auto one : characters(text)) {
    const char32_t c = first_of(one);
    if (c == static_cast<char32_t>(quote) || c == '\\')
      out += cat('\\', one);
    else if (c == '\n' || c == '\r' || c == '\t')
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    else if (is_printable(c))
      out += one;
    else if (c < 0x100)
      out += "\\x" + hex(c, 2);
    else
      out += c < 0x10000 ? "\\u" + hex(c, 4) : "\\U" + hex(c, 8);
  }
  return out += quote;
}

std::string json_quoted(std::string_view text, bool ascii) {
  std::string out = "\"";
  for (const auto one : characters(text)) {
    const char32_t c = first_of(one);
    if (c == '"' || c == '\\')
      out += cat('\\', one);
    else if (c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f')
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : c == '\b' ? "\\b" : "\\f";
    else if (c < 0x20 || (ascii && c >= 0x7F && c < 0x10000))
      out += "\\u" + hex(c, 4);
    else if (ascii && c >= 0x10000)
      out += "\\u" + hex(0xD7C0 + (c >> 10), 4) + "\\u" + hex(0xDC00 + (c & 0x3FF), 4);
    else
      out += one;
  }
  return out + "\"";
}

std::string print_float(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  const std::string shortest(buffer, end.ptr);  // d.ddde+XX
  const size_t e = shortest.find('e');
  const int exponent = std::stoi(shortest.substr(e + 1));
  if (exponent < -4 || exponent >= 16) return shortest;
  const bool negative = shortest[0] == '-';
  std::string digits;
  for (const char c : shortest.substr(negative ? 1 : 0, e - (negative ? 1 : 0)))
    if (c != '.') digits += c;
  if (exponent < 0) {
    digits = "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  } else {
    const auto whole = static_cast<size_t>(exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    digits.insert(whole, ".");
    if (digits.back() == '.') digits += '0';
  }
  return negative ? "-" + digits : digits;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  const auto plain = plain_digits(strip(text, Side::both));
  if (!plain || plain->empty()) return std::nullopt;
  const char* begin = plain->data() + (plain->front() == '+' ? 1 : 0);
  const char* end = plain->data() + plain->size();
  if (plain->front() == '+' && begin != end && *begin == '-') return std::nullopt;
  int64_t out = 0;
  const auto result = std::from_chars(begin, end, out);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return out;
}

std::optional<double> parse_float(std::string_view text) {
  const auto plain = plain_digits(strip(text, Side::both));
  if (!plain || plain->empty()) return std::nullopt;
  const char* begin = plain->data() + (plain->front() == '+' ? 1 : 0);
  const char* end = plain->data() + plain->size();
  if (plain->front() == '+' && begin != end && *begin == '-') return std::nullopt;
  double out = 0;
  const auto result = std::from_chars(begin, end, out);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range)  // too large, or too small to tell from zero
    out = std::strtod(plain->c_str(), nullptr);
  return out;
}

}  // namespace slovo::jinja
