// Fuzz tests are seeded loops: 20,000 inputs in the suite. $SLOVO_FUZZ_INPUTS runs another number
// of them, from number $SLOVO_FUZZ_FROM on, so that a long run can be done in slices.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/rng.h"
#include "core/utf8.h"
#include "testing.h"

namespace slovo::testing {

inline uint64_t fuzz_setting(const char* variable, uint64_t fallback) {
  const char* value = std::getenv(variable);
  return value != nullptr ? std::strtoull(value, nullptr, 10) : fallback;
}
inline uint64_t fuzz_inputs() { return fuzz_setting("SLOVO_FUZZ_INPUTS", 20'000); }
inline uint64_t fuzz_from() { return fuzz_setting("SLOVO_FUZZ_FROM", 0); }

/// `text` with one to three places changed: bytes, gaps, repeated parts, and pieces of `words`.
inline std::string damaged(std::string text, const std::vector<std::string>& words, uint64_t stream,
                           uint64_t n) {
  const uint64_t edits = 1 + random_bits(1, stream, n) % 3;
  for (uint64_t e = 0; e < edits && !text.empty(); ++e) {
    const uint64_t bits = random_bits(2, stream, n * 4 + e);
    const size_t at = (bits >> 16) % text.size();
    const auto word = [&] { return words[(bits >> 8) % words.size()]; };
    switch (bits % (words.empty() ? 3 : 5)) {
      case 0:
        text[at] = static_cast<char>(bits >> 8);
        break;
      case 1:
        text.erase(at, 1 + (bits >> 8) % 9);
        break;
      case 2:
        text.insert(at, text.substr((bits >> 40) % text.size(), (bits >> 8) % 30));
        break;
      case 3:
        text.insert(at, word());
        break;
      default: {
        const size_t end = std::min(text.find_first_of(",}]\n ", at), text.size());
        text.replace(at, end - at, word());
      }
    }
  }
  return text;
}

/// Reads `count` inputs: each is read, or refused in one clear line that holds `named`. Returns how
/// many were read.
inline uint64_t fuzz(const char* name, const std::string& named,
                     const std::function<void(uint64_t stream, uint64_t n)>& read) {
  const uint64_t stream = random_stream(name);
  uint64_t accepted = 0;
  for (uint64_t n = fuzz_from(); n < fuzz_from() + fuzz_inputs(); ++n) {
    try {
      read(stream, n);
      ++accepted;
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_EQ(error.code(), ErrorCode::data) << n << ": " << text;
      EXPECT_TRUE(utf8::is_valid(text) && text.find('\n') == std::string::npos)
          << n << ": " << text;
      EXPECT_TRUE(contains(text, named)) << n;
    }
  }
  return accepted;
}

}  // namespace slovo::testing
