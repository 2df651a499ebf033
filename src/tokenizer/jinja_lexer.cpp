#include "tokenizer/jinja_lexer.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/jinja_text.h"

namespace slovo::jinja {
namespace {

using Kind = Token::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Line breaks as "\n", without the last one.
std::string plain_lines(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string_view source, const std::string& where)
      : source_(plain_lines(source)), where_(where) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const size_t tag = next_tag();
      if (tag == std::string::npos) {
        add(Kind::text, source_.substr(at_));
        break;
      }
      take_tag(tag);
    }
    add(Kind::end, "");
    return std::move(tokens_);
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(const Args&... args) const {
    throw_data(where_, ":", line_, ": ", args...);
  }

  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  void add(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }
  void advance(size_t bytes) {
    const auto begin = source_.begin() + static_cast<std::ptrdiff_t>(at_);
    line_ += static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(bytes), '\n'));
    at_ += bytes;
    if (bytes > 0) line_begins_ = source_[at_ - 1] == '\n';
  }
  void skip_space() {
    const size_t left = rest().size();
    advance(left - strip(rest(), Side::left).size());
  }

  size_t next_tag() const {
    for (size_t i = source_.find('{', at_); i != std::string::npos; i = source_.find('{', i + 1)) {
      const char c = i + 1 < source_.size() ? source_[i + 1] : ' ';
      if (c == '{' || c == '%' || c == '#') return i;
    }
    return std::string::npos;
  }

  /// The text before a tag at `tag`, without the white space that the tag takes away.
  std::string_view text_before(size_t tag, char sign, bool prints) const {
    const std::string_view text = std::string_view(source_).substr(at_, tag - at_);
    if (sign == '-') return strip(text, Side::right);
    if (sign == '+' || prints) return text;
    const size_t line = text.rfind('\n') + 1;  // 0 when there is none
    const bool begins = line > 0 || line_begins_;
    return begins && strip(text.substr(line), Side::left).empty() ? text.substr(0, line) : text;
  }

  void take_tag(size_t tag) {
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
    const std::string text(text_before(tag, sign, kind == '{'));
    if (!text.empty()) add(Kind::text, text);
    advance(tag - at_ + (sign == '-' || sign == '+' ? 3 : 2));
    if (kind == '#') return take_comment();
    if (kind == '%' && take_raw()) return;
    add(kind == '{' ? Kind::print_begin : Kind::block_begin, "");
    take_expression(kind == '{');
  }

  void take_comment() {
    const size_t end = source_.find("#}", at_);
    if (end == std::string::npos) fail("a comment {# is not closed by #}");
    const char sign = end > at_ ? source_[end - 1] : ' ';
    advance(end - at_ + 2);
    if (sign == '-')
      skip_space();
    else if (sign != '+' && rest().starts_with('\n'))
      advance(1);
  }

  /// Length of "NAME %}" at the start of `text`, white space around it allowed; 0 when it is not.
  static size_t bare_tag(std::string_view text, std::string_view name, bool plus) {
    std::string_view left = strip(text, Side::left);
    if (!left.starts_with(name)) return 0;
    left = strip(left.substr(name.size()), Side::left);
    const size_t sign = left.starts_with('-') || (plus && left.starts_with('+')) ? 1 : 0;
    return left.substr(sign).starts_with("%}") ? text.size() - left.size() + sign + 2 : 0;
  }

  bool take_raw() {
    const size_t begin = bare_tag(rest(), "raw", false);
    if (begin == 0) return false;
    advance(begin);
    if (source_[at_ - 3] == '-') skip_space();
    for (size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
      const size_t head = sign == '-' || sign == '+' ? 3 : 2;
      const size_t length = bare_tag(std::string_view(source_).substr(tag + head), "endraw", true);
      if (length == 0) continue;
      const std::string text(text_before(tag, sign, false));
      if (!text.empty()) add(Kind::text, text);
      advance(tag - at_ + head + length);
      end_block(source_[at_ - 3]);
      return true;
    }
    fail("{% raw %} is not closed by {% endraw %}");
  }

  /// White space behind "%}".
  void end_block(char sign) {
    if (sign == '-')
      skip_space();
    else if (sign != '+' && rest().starts_with('\n'))
      advance(1);
  }

  /// True when the tag ends here.
  bool take_end(bool prints) {
    const std::string_view end = prints ? "}}" : "%}";
    const char sign = rest().empty() ? ' ' : rest().front();
    const bool has_sign = sign == '-' || (sign == '+' && !prints);
    if (!rest().substr(has_sign ? 1 : 0).starts_with(end)) return false;
    add(prints ? Kind::print_end : Kind::block_end, "");
    advance(end.size() + (has_sign ? 1 : 0));
    if (prints) {
      if (has_sign) skip_space();
    } else {
      end_block(has_sign ? sign : ' ');
    }
    return true;
  }

  void take_expression(bool prints) {
    const int opened = line_;
    std::string brackets;  // those still open
    while (true) {
      skip_space();
      if (rest().empty()) {
        line_ = opened;
        fail(prints ? "{{ is not closed by }}" : "{% is not closed by %}");
      }
      if (brackets.empty() && take_end(prints)) return;
      const char c = rest().front();
      if (is_digit(c))
        take_number();
      else if (is_letter(c))
        take_name();
      else if (c == '\'' || c == '"')
        take_string(c);
      else
        take_sign(brackets);
    }
  }

  void take_name() {
    size_t bytes = 1;
    while (bytes < rest().size() && (is_letter(rest()[bytes]) || is_digit(rest()[bytes]))) ++bytes;
    add(Kind::name, std::string(rest().substr(0, bytes)));
    advance(bytes);
  }

  /// Digits from `at` on, "_" between them allowed.
  size_t digits_end(size_t at) const {
    const std::string_view text = rest();
    while (at < text.size() && (is_digit(text[at]) || (text[at] == '_' && at + 1 < text.size() &&
                                                       is_digit(text[at + 1]))))
      ++at;
    return at;
  }

  void take_number() {
    const std::string_view text = rest();
    const auto at = [&](size_t i) { return i < text.size() ? text[i] : ' '; };
    if (at(0) == '0' && is_letter(at(1)) && at(1) != '_' && at(1) != 'e' && at(1) != 'E')
      fail("the number ", text.substr(0, 3), "... is not decimal; write it in decimal digits");
    size_t end = digits_end(0);
    bool real = false;
    const bool after_dot = !tokens_.empty() && tokens_.back().is_sign(".");
    if (!after_dot && at(end) == '.' && is_digit(at(end + 1))) {
      end = digits_end(end + 1);
      real = true;
    }
    if (!after_dot && (at(end) == 'e' || at(end) == 'E')) {
      const size_t sign = at(end + 1) == '+' || at(end + 1) == '-' ? 1 : 0;
      if (is_digit(at(end + 1 + sign))) {
        end = digits_end(end + 1 + sign);
        real = true;
      }
    }
    add(real ? Kind::number : Kind::integer, std::string(text.substr(0, end)));
    advance(end);
  }

  void take_string(char quote) {
    size_t end = 1;
    while (end < rest().size() && rest()[end] != quote) end += rest()[end] == '\\' ? 2 : 1;
    if (end >= rest().size()) fail("a string is not closed by ", quote);
    add(Kind::string, unescape(rest().substr(1, end - 1)));
    advance(end + 1);
  }

  std::string unescape(std::string_view text) const {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\')
        i = unescape_one(text, i + 1, out);
      else
        out += text[i];
    }
    return out;
  }

  /// Appends what the escape at `text[at]` (behind the backslash) stands for; returns its last
  /// byte.
  size_t unescape_one(std::string_view text, size_t at, std::string& out) const {
    constexpr std::string_view kLetters = "abfnrtv\\'\"";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\'\"";
    const char c = text[at];
    if (const size_t known = kLetters.find(c); known != std::string_view::npos) {
      out += kMeanings[known];
    } else if (c == '\n') {  // the line goes on
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      utf8::append(out, code_point(text.substr(at + 1, digits), digits, 16));
      return at + digits;
    } else if (c >= '0' && c <= '7') {
      size_t end = at;
      while (end < text.size() && end < at + 3 && text[end] >= '0' && text[end] <= '7') ++end;
      utf8::append(out, code_point(text.substr(at, end - at), end - at, 8));
      return end - 1;
    } else if (c == 'N') {
      fail("\\N{...} in a string is not supported; write the character itself");
    } else {
      out += '\\';
      out += c;
    }
    return at;
  }

  char32_t code_point(std::string_view digits, size_t wanted, uint32_t base) const {
    uint64_t out = 0;
    for (const char c : digits) {
      const uint32_t value = is_digit(c)            ? static_cast<uint32_t>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a') + 10
                             : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A') + 10
                                                    : 99;
      if (value >= base) fail("the escape \\x, \\u or \\U in a string needs hexadecimal digits");
      out = out * base + value;
    }
    if (digits.size() < wanted) fail("an escape at the end of a string is cut short");
    if (out > 0x10FFFF || (out >= 0xD800 && out <= 0xDFFF))
      fail("an escape in a string is not a Unicode character");
    return static_cast<char32_t>(out);
  }

  void take_sign(std::string& brackets) {
    constexpr std::string_view kSigns[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                           "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                           ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};
    const auto* sign = std::find_if(std::begin(kSigns), std::end(kSigns),
                                    [&](std::string_view one) { return rest().starts_with(one); });
    if (sign == std::end(kSigns))
      fail("unexpected character \"", rest().substr(0, utf8::char_length(rest(), 0)), "\"");
    const char c = sign->front();
    if (c == '(' || c == '[' || c == '{') brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (brackets.empty()) fail("unexpected \"", c, "\"");
      if (brackets.back() != c) fail("unexpected \"", c, "\", expected \"", brackets.back(), "\"");
      brackets.pop_back();
    }
    add(Kind::sign, std::string(*sign));
    advance(sign->size());
  }

  std::string source_;
  const std::string& where_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int line_ = 1;
  bool line_begins_ = true;  ///< the character before at_ is a line break
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, const std::string& where) {
  utf8::require_valid(source, where);
  return Lexer(source, where).run();
}

}  // namespace slovo::jinja
