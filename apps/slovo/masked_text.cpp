#include "masked_text.h"

#include "core/text.h"

namespace slovo {
namespace {

enum class Kind { given, learned, unlearned };

Kind kind_of(float weight) {
  if (weight == 0) return Kind::given;
  return weight > 0 ? Kind::learned : Kind::unlearned;
}

std::string dressed(const std::string& text, Kind kind, bool color) {
  if (color) {
    const char* code = kind == Kind::given ? "2" : (kind == Kind::learned ? "32" : "31");
    return cat("\x1b[", code, "m", text, "\x1b[0m");
  }
  if (kind == Kind::given) return text;
  return kind == Kind::learned ? cat("⟦", text, "⟧") : cat("⟦-", text, "-⟧");
}

}  // namespace

std::string masked_text(const Tokenizer& tokenizer, const TokenExample& example, bool color) {
  StreamDecoder decoder(tokenizer, false);
  std::string out = cat("--- ", example.source, ": ", example.supervised(), " of ",
                        example.ids.size(), " tokens are learned\n");
  std::string part;
  Kind kind = Kind::given;
  const auto flush = [&] {
    if (!part.empty()) out += dressed(part, kind, color);
    part.clear();
  };
  for (size_t i = 0; i < example.ids.size(); ++i) {
    if (const Kind next = kind_of(example.weights[i]); next != kind) {
      flush();
      kind = next;
    }
    part += decoder.push(example.ids[i]);
  }
  part += decoder.finish();
  flush();
  return out;
}

}  // namespace slovo
