// Learning the merges of byte-level BPE, exactly as HF `tokenizers`' BpeTrainer does it: the same
// merges in the same order, ties included. WordPiece's vocabulary is learned the same way.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tokenizer/word_counter.h"

namespace slovo {

struct TrainedBpe {
  std::vector<std::string> tokens;  ///< by id: special tokens, the alphabet, merged ones
  std::vector<std::pair<std::string, std::string>> merges;  ///< in the order they were learned
};

/// Of byte-level BPE: tokens are spelled in GPT-2's byte alphabet, all 256 of it. Learns until
/// there are `vocab_size` tokens (special ones included) or no pair is left to merge.
TrainedBpe train_bpe(const CountedWords& words, const std::vector<std::string>& special_tokens,
                     size_t vocab_size);
/// Of WordPiece, as HF's WordPieceTrainer: the alphabet is the words' characters; tokens that go on
/// with a word begin with "##". HF numbers those of one character at random; here they go by code
/// point, and merges that are equally frequent are taken in that order.
TrainedBpe train_word_piece(const CountedWords& words,
                            const std::vector<std::string>& special_tokens, size_t vocab_size);
/// About how many bytes either takes beside the counted words.
int64_t bpe_training_bytes(const CountedWords& words);

}  // namespace slovo
