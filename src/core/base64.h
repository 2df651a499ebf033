// Base64 as RFC 4648 has it, with padding.
#pragma once

#include <string>
#include <string_view>

namespace slovo {

/// The bytes that `text` spells; throws Error(data), led by `where`, when it is not base64.
std::string base64_decode(std::string_view text, std::string_view where);
std::string base64_encode(std::string_view bytes);

}  // namespace slovo
