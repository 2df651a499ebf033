// The way back: from the vocabulary's spelling of tokens to text. ("decoder" in tokenizer.json)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tokenizer/json_node.h"

namespace slovo {

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Rewrites the tokens in place; a stage may join them. The text is what is left, put together.
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};

/// Throws Error(data) that names the type when slovo does not know it.
std::unique_ptr<Decoder> read_decoder(const JsonNode& node);

/// The byte of "<0xA7>", or -1 for any other token.
int fallback_byte(std::string_view token);

}  // namespace slovo
