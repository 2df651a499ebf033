#include "tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

#include "core/error.h"
#include "core/text.h"
#include "tokenizer/newer_characters.h"

namespace slovo {

const char* const kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
const char* const kGpt4Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kO200kPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

namespace {

/// Unicode's White_Space (PCRE2's own \s also holds U+180E), and its complement.
constexpr const char* kSpaces =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr const char* kNotSpaces =
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{d7ff}\x{e000}-\x{10ffff})";

class Translator {
 public:
  Translator(std::string_view pattern, std::string_view where) : pattern_(pattern), where_(where) {}

  std::string run() {
    while (at_ < pattern_.size()) step();
    return std::move(out_);
  }

 private:
  void step() {
    const char c = pattern_[at_];
    if (c == '\\') return escape();
    if (in_class_) return inside_class(c);
    if (c == '[') {
      in_class_ = true;
      out_ += c;
      ++at_;
      if (at_ < pattern_.size() && pattern_[at_] == '^') out_ += pattern_[at_++];
      return;
    }
    if (c == '(' && pattern_.substr(at_, 2) == "(?") check_options();
    // In Oniguruma "{1,3}+" repeats a repetition; in PCRE2 it is possessive.
    if (c == '+' && at_ > 0 && pattern_[at_ - 1] == '}' && !name_ended_) refuse("+ after {n,m}");
    name_ended_ = false;
    out_ += c;
    ++at_;
  }

  /// Of the options only i and x mean the same, and "(?i)" reaches over the alternatives that
  /// follow it.
  void check_options() const {
    const size_t end = pattern_.find_first_not_of("imsxn-", at_ + 2);
    if (end == at_ + 2 || end == std::string_view::npos) return;
    const std::string_view options = pattern_.substr(at_ + 2, end - at_ - 2);
    const bool scoped = pattern_[end] == ':' || at_ == 0;
    if (options.find_first_of("msn") != std::string_view::npos || !scoped)
      refuse(cat("(?", options));
  }

  void inside_class(char c) {
    if (c == '[') refuse("a class inside a class");
    if (c == '&' && pattern_.substr(at_, 2) == "&&") refuse("&& inside a class");
    if (c == ']') in_class_ = false;
    out_ += c;
    ++at_;
  }

  void escape() {
    if (at_ + 1 >= pattern_.size()) refuse("\\ at the end");
    const char c = pattern_[at_ + 1];
    at_ += 2;
    name_ended_ = false;
    switch (c) {
      case 's':
        return add_class(kSpaces);
      case 'S':
        return add_class(kNotSpaces);
      case 'v':
        out_ += "\\x{b}";
        return;
      case 'd':
      case 'D':
        return add_property(c == 'D', cat("\\", c), "Nd");
      case 'p':
      case 'P':
        return property(c);
      default:
        break;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter && std::string_view("rntfaexuAzZ").find(c) == std::string_view::npos) {
      refuse(cat("\\", c));
    }
    if (c == 'u') {
      out_ += cat("\\x{", pattern_.substr(at_, 4), "}");
      at_ = std::min(at_ + 4, pattern_.size());
      return;
    }
    out_ += '\\';
    out_ += c;
  }

  void add_class(const char* ranges) { out_ += in_class_ ? ranges : cat("[", ranges, "]"); }

  void property(char c) {
    const size_t close = pattern_.find('}', at_);
    if (at_ >= pattern_.size() || pattern_[at_] != '{' || close == std::string_view::npos) {
      refuse(cat("\\", c, " without {name}"));
    }
    std::string_view name = pattern_.substr(at_ + 1, close - at_ - 1);
    const std::string written = cat("\\", c, "{", name, "}");
    bool outside = c == 'P';
    if (name.starts_with('^')) {
      name.remove_prefix(1);
      outside = !outside;
    }
    at_ = close + 1;
    name_ended_ = true;
    add_property(outside, written, name);
  }

  /// `written` as PCRE2 knows it, and the characters of that property that it may not know yet.
  void add_property(bool outside, const std::string& written, std::string_view name) {
    const std::string newer = newer_ranges(name);
    if (newer.empty()) {
      out_ += written;
    } else if (in_class_) {
      if (outside) refuse(cat(written, " inside a class"));
      out_ += written + newer;
    } else {
      out_ += outside ? cat("[^\\p{", name, "}", newer, "]") : cat("[", written, newer, "]");
    }
  }

  [[noreturn]] void refuse(std::string_view what) const {
    throw_data(
        where_, ": the pattern ", in_one_line(pattern_), " uses ", in_one_line(what),
        ", which slovo does not read; rewrite it with plain classes, \\s, \\d, \\p{..} and groups");
  }

  std::string_view pattern_;
  std::string_view where_;
  std::string out_;
  size_t at_ = 0;
  bool in_class_ = false;
  bool name_ended_ = false;  // the last thing written was \p{..}, whose } repeats nothing
};

struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeStack {
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};

/// What a thread needs to match with any pattern.
struct Matcher {
  std::unique_ptr<pcre2_match_data, FreeMatch> data{pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_match_context, FreeContext> context{pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_jit_stack, FreeStack> stack{
      pcre2_jit_stack_create(64 << 10, 16 << 20, nullptr)};

  Matcher() {
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    pcre2_set_match_limit(context.get(), UINT32_MAX);
  }
};

std::string pcre_message(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct Regex::Program {
  pcre2_code* code = nullptr;
  bool compiled = false;  // by the JIT
  std::string where;

  ~Program() { pcre2_code_free(code); }
};

std::string translate_oniguruma(std::string_view pattern, std::string_view where) {
  return Translator(pattern, where).run();
}

Regex::Regex(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex::~Regex() = default;

Regex::Regex(std::string_view pattern, std::string_view where)
    : program_(std::make_unique<Program>()) {
  const std::string translated = translate_oniguruma(pattern, where);
  int error = 0;
  PCRE2_SIZE offset = 0;
  program_->where = where;
  program_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C,
                                 &error, &offset, nullptr);
  if (!program_->code) {
    throw_data(where, ": the pattern ", in_one_line(pattern),
               " is not valid: ", pcre_message(error));
  }
  program_->compiled = pcre2_jit_compile(program_->code, PCRE2_JIT_COMPLETE) == 0;
}

Regex Regex::literal(std::string_view text, std::string_view where) {
  if (text.empty()) throw_data(where, ": the pattern is empty; give the text to look for");
  std::string escaped;
  for (const char c : text) {
    const bool plain = static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
                       (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c < ' ' ||
                       c == 0x7F;
    if (!plain) escaped += '\\';
    escaped += c;
  }
  return {escaped, where};
}

bool Regex::find(std::string_view text, size_t from, size_t& begin, size_t& end) const {
  thread_local const Matcher matcher;
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  pcre2_match_data* data = matcher.data.get();
  int result = PCRE2_ERROR_JIT_STACKLIMIT;
  if (program_->compiled) {
    result = pcre2_jit_match(program_->code, subject, text.size(), from, PCRE2_NO_UTF_CHECK, data,
                             matcher.context.get());
  }
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) {
    result = pcre2_match(program_->code, subject, text.size(), from,
                         PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, matcher.context.get());
  }
  if (result == PCRE2_ERROR_NOMATCH) return false;
  if (result < 0)
    throw_data(program_->where, ": the pattern failed on a text: ", pcre_message(result));
  const PCRE2_SIZE* place = pcre2_get_ovector_pointer(data);
  begin = place[0];
  end = place[1];
  return true;
}

size_t Regex::next_character(std::string_view text, size_t at) {
  do ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

}  // namespace slovo
