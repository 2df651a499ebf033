#include "tokenizer/normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include <vector>

#include "core/error.h"
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

/// NFC, NFD, NFKC, NFKD. (Unicode Standard Annex 15)
class UnicodeForm final : public Normalizer {
 public:
  explicit UnicodeForm(const icu::Normalizer2* form) : form_(form) {}
  std::string_view apply(std::string_view text, std::string& storage) const override {
    if (text.size() > INT32_MAX)
      throw_data("a text of ", text.size(),
                 " bytes is too long to normalise; split it below 2 GiB");
    const icu::StringPiece piece(text.data(), static_cast<int32_t>(text.size()));
    UErrorCode status = U_ZERO_ERROR;
    if (form_->isNormalizedUTF8(piece, status)) return text;
    std::string out;
    icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
    form_->normalizeUTF8(0, piece, sink, nullptr, status);
    SLOVO_CHECK(U_SUCCESS(status), u_errorName(status));
    return storage = std::move(out);
  }

 private:
  const icu::Normalizer2* form_;
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

std::unique_ptr<Normalizer> read(const JsonNode& node, int depth) {
  const std::string type = node.text_at("type");
  if (type == "Prepend") return std::make_unique<Prepend>(node.text_at("prepend"));
  if (type == "Replace")
    return std::make_unique<Replace>(read_pattern(node), node.text_at("content"));
  if (type == "NFC" || type == "NFD" || type == "NFKC" || type == "NFKD") return unicode_form(type);
  if (type == "Sequence") {
    if (depth == 0) node.fail("sequences are nested too deep");
    std::vector<std::unique_ptr<Normalizer>> parts;
    for (const JsonNode& item : node.at("normalizers").items())
      parts.push_back(read(item, depth - 1));
    return std::make_unique<NormalizerSequence>(std::move(parts));
  }
  node.refuse_type({"Prepend", "Replace", "NFC", "NFD", "NFKC", "NFKD", "Sequence"});
}

}  // namespace

std::unique_ptr<Normalizer> read_normalizer(const JsonNode& node) {
  return read(node, kDeepestSequence);
}

}  // namespace slovo
