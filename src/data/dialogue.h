// An example of instruction data, whatever form its file has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"

namespace slovo {

struct Dialogue {
  /// A conversation: [{"role", "content", ...}, ...] as a chat template takes it. Null for plain
  /// text.
  Json messages;
  Json tools;                   ///< JSON schemas of functions, or null
  std::vector<double> weights;  ///< of each message; what is learned of it counts so much

  /// Plain text: what is given and what is learned after it; not put into a template.
  std::string prompt, text;

  std::string source;  ///< "chats.json, row 3"
  std::string kind;  ///< what the row says it is of: its "kind" or "category"; "" where it does not

  bool is_chat() const { return !messages.is_null(); }
  /// Equal for examples that say the same.
  std::string content_hash() const;
};

}  // namespace slovo
