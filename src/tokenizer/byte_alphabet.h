// GPT-2's alphabet of printable characters, one for each byte: how byte-level vocabularies spell
// tokens. (Radford et al. 2019, encoder.py: bytes_to_unicode.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slovo {

/// The character of a byte, in UTF-8: 'A' for 0x41, "Ġ" for a space.
const std::string& byte_symbol(uint8_t byte);
/// The 256 bytes in the order of their characters' code points: how trained vocabularies number
/// them.
const uint8_t* bytes_by_symbol();
/// Every byte as its character.
std::string to_byte_alphabet(std::string_view bytes);
/// The bytes a token stands for; nothing when one of its characters is not in the alphabet.
std::optional<std::string> from_byte_alphabet(std::string_view token);

}  // namespace slovo
