#include "tokenizer/compare.h"

#include <algorithm>

#include "core/utf8.h"

namespace slovo {
namespace {

/// The tokens of a text, and where the text of each ends in what they decode to.
struct Cuts {
  std::vector<std::string> tokens;
  std::vector<size_t> ends;
  std::string text;
};

Cuts cut(const Tokenizer& tokenizer, std::string_view text) {
  Cuts out;
  StreamDecoder stream(tokenizer, false);
  for (const TokenId id : tokenizer.encode_ordinary(text)) {
    out.tokens.push_back(tokenizer.token(id));
    out.text += stream.push(id);
    out.ends.push_back(out.text.size());
  }
  out.text += stream.finish();
  if (!out.ends.empty()) out.ends.back() = out.text.size();
  return out;
}

}  // namespace

TokenComparison compare_tokenizers(const Tokenizer& first, const Tokenizer& second,
                                   std::string_view text) {
  const Cuts a = cut(first, text);
  const Cuts b = cut(second, text);
  TokenComparison out{a.tokens.size(), b.tokens.size(), {}};
  const auto [stop, unused] =
      std::mismatch(a.text.begin(), a.text.end(), b.text.begin(), b.text.end());
  const auto common = static_cast<size_t>(stop - a.text.begin());
  for (size_t i = 0, j = 0; i < a.ends.size() || j < b.ends.size();) {
    const size_t i_begin = i;
    const size_t j_begin = j;
    // Tokens of both until they meet in the text.
    bool meet = false;
    while (!meet && (i < a.ends.size() || j < b.ends.size())) {
      const size_t end_a = i < a.ends.size() ? a.ends[i] : SIZE_MAX;
      const size_t end_b = j < b.ends.size() ? b.ends[j] : SIZE_MAX;
      i += end_a <= end_b;
      j += end_b <= end_a;
      meet = end_a == end_b && end_a <= common;
    }
    if (i == i_begin + 1 && j == j_begin + 1 && meet) continue;
    const size_t begin = i_begin > 0 ? a.ends[i_begin - 1] : 0;
    const auto part = [](const std::vector<std::string>& list, size_t from, size_t to) {
      return std::vector<std::string>(list.begin() + static_cast<ptrdiff_t>(from),
                                      list.begin() + static_cast<ptrdiff_t>(to));
    };
    out.differences.push_back({utf8::count(std::string_view(a.text).substr(0, begin)) + 1,
                               part(a.tokens, i_begin, i), part(b.tokens, j_begin, j)});
  }
  return out;
}

}  // namespace slovo
