#include "tokenizer/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include <algorithm>
#include <vector>

#include "core/base64.h"
#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/characters.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/pattern.h"

namespace slovo {
namespace {

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    if (text.empty()) return text;
    return storage = prefix_ + std::string(text);
  }

 private:
  std::string prefix_;
};

class Replace final : public Normalizer {
 public:
  Replace(Regex pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    return storage = replace_matches(text, pattern_, content_);
  }

 private:
  Regex pattern_;
  std::string content_;
};

/// The characters that HF's tables of decompositions and combining classes know.
const icu::UnicodeSet& normalized_characters() {
  static const icu::UnicodeSet set = [] {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeSet out(icu::UnicodeString("[:age=9.0:]"), status);
    if (U_FAILURE(status))
      throw_io("the Unicode library cannot load its tables: ", u_errorName(status));
    out.freeze();
    return out;
  }();
  return set;
}

/// NFC, NFD, NFKC, NFKD (Unicode Standard Annex 15) of Unicode 9, as HF has them: later characters
/// stay as and where they are.
class UnicodeForm final : public Normalizer {
 public:
  explicit UnicodeForm(const icu::Normalizer2* form)
      : form_(form), known_(*form, normalized_characters()) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    if (text.size() > INT32_MAX)
      throw_data("a text of ", text.size(),
                 " bytes is too long to normalise; split it below 2 GiB");
    const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
    UErrorCode status = U_ZERO_ERROR;
    // With all characters known it is in order: so it is with fewer.
    if (form_->isNormalizedUTF8(piece, status)) return text;
    std::string out;
    icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
    known_.normalizeUTF8(0, piece, sink, nullptr, status);
    SLOVO_CHECK(U_SUCCESS(status), u_errorName(status));
    return storage = std::move(out);
  }

 private:
  const icu::Normalizer2* form_;
  icu::FilteredNormalizer2 known_;
};

/// Changes a text character by character: `change(c, out)` appends what becomes of `c`.
using CharacterChange = void (*)(char32_t c, std::string& out);
class CharacterNormalizer final : public Normalizer {
 public:
  explicit CharacterNormalizer(CharacterChange change) : change_(change) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) change_(utf8::next(text, at), out);
    return storage = std::move(out);
  }

 private:
  CharacterChange change_;
};

/// Each character by itself, as Rust's char::to_lowercase: no final sigma.
void lowercase(char32_t c, std::string& out) {
  if (c == 0x130) {  // the one whose lower case is two characters
    out += "i\u0307";
  } else {
    utf8::append(out, static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
  }
}

void drop_combining_marks(char32_t c, std::string& out) {
  if (!is_combining_mark(c)) utf8::append(out, c);
}

void drop_accents(char32_t c, std::string& out) {
  if (!is_nonspacing_mark(c)) utf8::append(out, c);
}

/// SentencePiece's rules of the name: control characters go, odd spaces become spaces.
void nmt(char32_t c, std::string& out) {
  const bool dropped = (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F ||
                       c == 0x8F || c == 0x9F;
  if (dropped) return;
  const bool space = c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 ||
                     (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                     c == 0xFEFF || c == 0xFFFD;
  utf8::append(out, space ? ' ' : c);
}

/// BERT: control characters go, every white space that is left is a space.
void clean(char32_t c, std::string& out) {
  const bool kept = c == '\t' || c == '\n' || c == '\r';
  if (!kept && (c == 0 || c == 0xFFFD || is_other(c))) return;
  utf8::append(out, is_space(c) ? ' ' : c);
}

/// BERT: ideographs are words. The ranges are HF's.
void space_ideographs(char32_t c, std::string& out) {
  const bool ideograph = (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
                         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B81F) ||
                         (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
                         (c >= 0x2F800 && c <= 0x2FA1F);
  if (ideograph) out += ' ';
  utf8::append(out, c);
  if (ideograph) out += ' ';
}

class StripNormalizer final : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    const size_t begin = left_ ? skip_spaces(text, 0) : 0;
    const size_t end = right_ ? std::max(skip_spaces_back(text, text.size()), begin) : text.size();
    return storage = std::string(text.substr(begin, end - begin));
  }

 private:
  bool left_;
  bool right_;
};

class Precompiled final : public Normalizer {
 public:
  explicit Precompiled(Charsmap map) : map_(std::move(map)) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    return storage = map_.apply(text);
  }

 private:
  Charsmap map_;
};

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> parts)
      : parts_(std::move(parts)) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    for (const auto& part : parts_) {
      std::string next;
      const std::string_view changed = part->apply(text, next);
      if (changed.data() == next.data()) {
        storage = std::move(next);
        text = storage;
      } else {
        text = changed;
      }
    }
    return text;
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> parts_;
};

std::unique_ptr<Normalizer> unicode_form(const std::string& type) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* form = type == "NFC"    ? icu::Normalizer2::getNFCInstance(status)
                                 : type == "NFD"  ? icu::Normalizer2::getNFDInstance(status)
                                 : type == "NFKC" ? icu::Normalizer2::getNFKCInstance(status)
                                                  : icu::Normalizer2::getNFKDInstance(status);
  if (U_FAILURE(status))
    throw_io("the Unicode library cannot load its tables for ", type, ": ", u_errorName(status));
  return std::make_unique<UnicodeForm>(form);
}

std::unique_ptr<Normalizer> read_bert(const JsonNode& node) {
  std::vector<std::unique_ptr<Normalizer>> parts;
  const auto add = [&](CharacterChange change) {
    parts.push_back(std::make_unique<CharacterNormalizer>(change));
  };
  const bool lower = node.flag_at("lowercase", true);
  if (node.flag_at("clean_text", true)) add(clean);
  if (node.flag_at("handle_chinese_chars", true)) add(space_ideographs);
  if (node.flag_at("strip_accents", lower)) {
    parts.push_back(unicode_form("NFD"));
    add(drop_accents);
  }
  if (lower) add(lowercase);
  return std::make_unique<NormalizerSequence>(std::move(parts));
}

std::unique_ptr<Normalizer> read(const JsonNode& node, int depth) {
  const std::string type = node.text_at("type");
  if (type == "Prepend") return std::make_unique<Prepend>(node.text_at("prepend"));
  if (type == "Replace")
    return std::make_unique<Replace>(read_pattern(node), node.text_at("content"));
  if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") return unicode_form(type);
  if (type == "Lowercase") return std::make_unique<CharacterNormalizer>(lowercase);
  if (type == "StripAccents") return std::make_unique<CharacterNormalizer>(drop_combining_marks);
  if (type == "Nmt") return std::make_unique<CharacterNormalizer>(nmt);
  if (type == "BertNormalizer") return read_bert(node);
  if (type == "Strip") {
    return std::make_unique<StripNormalizer>(node.flag_at("strip_left", true),
                                             node.flag_at("strip_right", true));
  }
  if (type == "Precompiled") {
    const JsonNode map = node.at("precompiled_charsmap");
    return std::make_unique<Precompiled>(
        Charsmap(base64_decode(map.text(), map.where()), map.where()));
  }
  if (type == "Sequence") {
    if (depth == 0) node.fail("sequences are nested too deep");
    std::vector<std::unique_ptr<Normalizer>> parts;
    for (const JsonNode& item : node.at("normalizers").items())
      parts.push_back(read(item, depth - 1));
    return std::make_unique<NormalizerSequence>(std::move(parts));
  }
  node.refuse_type({"Prepend", "Replace", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents",
                    "BertNormalizer", "Strip", "Nmt", "Precompiled", "Sequence"});
}

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const JsonNode& node) {
  return read(node, kDeepestSequence);
}

}  // namespace slovo
