#include "tokenizer/pattern.h"

namespace slovo {

Regex read_pattern(const JsonNode& node) {
  const JsonNode pattern = node.at("pattern");
  if (pattern.has("String")) return Regex::literal(pattern.text_at("String"), pattern.where());
  if (pattern.has("Regex")) return {pattern.text_at("Regex"), pattern.where()};
  pattern.fail("holds neither \"String\" nor \"Regex\"");
}

std::string replace_matches(std::string_view text, const Regex& pattern, std::string_view content) {
  std::string out;
  size_t copied = 0;
  if (!text.empty()) {
    pattern.for_each_match(text, [&](size_t begin, size_t end) {
      out.append(text.substr(copied, begin - copied)).append(content);
      copied = end;
    });
  }
  return out.append(text.substr(copied));
}

}  // namespace slovo
