// Learning the merges of byte-level BPE, exactly as HF `tokenizers`' BpeTrainer does it: the same
// merges in the same order, ties included.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tokenizer/word_counter.h"

namespace slovo {

struct TrainedBpe {
  std::vector<std::string> tokens;  ///< by id: special tokens, 256 bytes, merged ones
  std::vector<std::pair<std::string, std::string>> merges;  ///< in the order they were learned
};

/// Tokens are spelled in GPT-2's byte alphabet. Learns until there are `vocab_size` tokens (special
/// ones included) or no pair is left to merge.
TrainedBpe train_bpe(const WordCounts& words, const std::vector<std::string>& special_tokens,
                     size_t vocab_size);

}  // namespace slovo
