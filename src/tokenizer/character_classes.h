// What the patterns of tokenizers ask about a character, as one table look-up. The answers are
// those of the regular expressions themselves: the table is filled by asking them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace slovo {

class CharacterClasses {
 public:
  enum Class : uint8_t {
    kLetter = 1,    ///< \p{L}
    kNumber = 2,    ///< \p{N}
    kSpace = 4,     ///< \s
    kOther = 8,     ///< none of these three
    kUpper = 16,    ///< \p{Lu}, \p{Lt}, \p{Lm}, \p{Lo}, \p{M}
    kLower = 32,    ///< \p{Ll}, \p{Lm}, \p{Lo}, \p{M}
    kMark = 64,     ///< \p{M}
    kNewline = 128  ///< \r and \n
  };
  struct Character {
    uint8_t classes;
    uint8_t bytes;
  };

  /// The one table, made when first asked for.
  static const CharacterClasses& instance();

  uint8_t of(char32_t c) const { return values_[places_[c / kBlock] + c % kBlock]; }
  /// The character that begins at `at`, in well-formed UTF-8.
  Character look(const char* at) const {
    const auto byte = [at](int i) { return static_cast<uint8_t>(at[i]); };
    const auto rest = [&](int i) { return static_cast<char32_t>(byte(i) & 0x3F); };
    const uint8_t lead = byte(0);
    if (lead < 0x80) return {values_[lead], 1};  // the first block comes first
    if (lead < 0xE0) return {of((lead & 0x1Fu) << 6 | rest(1)), 2};
    if (lead < 0xF0) return {of((lead & 0x0Fu) << 12 | rest(1) << 6 | rest(2)), 3};
    return {of((lead & 0x07u) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3)), 4};
  }

 private:
  static constexpr size_t kEnd = 0x110000;
  static constexpr size_t kBlock = 128;

  CharacterClasses();

  std::array<uint16_t, kEnd / kBlock> places_{};  ///< where a block's values begin
  std::vector<uint8_t> values_;                   ///< of the blocks that differ
};

}  // namespace slovo
