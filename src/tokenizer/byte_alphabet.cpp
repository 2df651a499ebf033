#include "tokenizer/byte_alphabet.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/utf8.h"

namespace slovo {
namespace {

constexpr size_t kHighestSymbol = 0x143;

struct Alphabet {
  std::array<char32_t, 256> code_points{};
  std::array<std::string, 256> symbols;
  std::array<uint8_t, 256> by_symbol{};
  std::array<int, kHighestSymbol + 1> bytes{};  // -1: not a symbol

  Alphabet() {
    bytes.fill(-1);
    char32_t next_free = 256;
    for (unsigned b = 0; b < 256; ++b) {
      const bool printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      code_points[b] = printable ? b : next_free++;
      utf8::append(symbols[b], code_points[b]);
      bytes[code_points[b]] = static_cast<int>(b);
    }
    std::iota(by_symbol.begin(), by_symbol.end(), uint8_t{0});
    std::sort(by_symbol.begin(), by_symbol.end(),
              [&](uint8_t a, uint8_t b) { return code_points[a] < code_points[b]; });
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

const std::string& byte_symbol(uint8_t byte) { return alphabet().symbols[byte]; }

const uint8_t* bytes_by_symbol() { return alphabet().by_symbol.data(); }

std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) out += byte_symbol(static_cast<uint8_t>(c));
  return out;
}

std::optional<std::string> from_byte_alphabet(std::string_view token) {
  std::string out;
  for (size_t at = 0; at < token.size();) {
    const char32_t c = utf8::next(token, at);
    if (c > kHighestSymbol || alphabet().bytes[c] < 0) return std::nullopt;
    out += static_cast<char>(alphabet().bytes[c]);
  }
  return out;
}

}  // namespace slovo
