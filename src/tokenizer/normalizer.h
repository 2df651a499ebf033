// The first stage of a tokenizer: what is done to a text before it is cut. ("normalizer" in
// tokenizer.json)
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tokenizer/json_node.h"

namespace slovo {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// Returns the normalised text: `text` itself when nothing changes, else a view of `storage`.
  virtual std::string_view apply(std::string_view text, std::string& storage) const = 0;
};

/// Throws Error(data) that names the type when slovo does not know it.
std::unique_ptr<Normalizer> read_normalizer(const JsonNode& node);

}  // namespace slovo
