// The stage behind the model: the special tokens put around a text. ("post_processor" in
// tokenizer.json)
#pragma once

#include <vector>

#include "tokenizer/json_node.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// Ids before and behind the text's own (BOS, EOS, [CLS], [SEP]).
struct PostProcessor {
  std::vector<TokenId> before;
  std::vector<TokenId> behind;
};

/// Ids must be below `vocab_size`. Throws Error(data) that names the type when slovo does not know
/// it.
PostProcessor read_post_processor(const JsonNode& node, int64_t vocab_size);

}  // namespace slovo
