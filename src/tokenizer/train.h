// Training a tokenizer from text: byte-level BPE and WordPiece (as HF `tokenizers` does it),
// Unigram (as SentencePiece does it), char and byte kinds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/training_report.h"

namespace slovo {

/// Calls its argument with every text of the training corpus, in order: each one document, or the
/// part of one that ends between a word and white space.
using TextSource = std::function<void(const std::function<void(std::string_view)>&)>;

struct TrainedTokenizer {
  std::shared_ptr<const Tokenizer> tokenizer;
  TrainingReport report;
};

/// Trains a tokenizer of `config.kind`. `char` takes every character of the text, `byte` looks at
/// none. Throws Error(config) when the text cannot give `vocab_size` tokens. Deterministic for any
/// thread count. `memory_limit` (0: none) is what training may take beside the program: words that
/// do not fit are put on disk, with the same result; Error(config) when it is too little to learn.
TrainedTokenizer train_tokenizer(const TokenizerConfig& config, const TextSource& texts,
                                 int threads, int64_t memory_limit = 0);

}  // namespace slovo
