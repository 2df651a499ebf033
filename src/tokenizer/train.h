// Training a tokenizer from text: byte-level BPE (exactly as HF `tokenizers` does it), char and
// byte kinds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// Calls its argument with every text of the training corpus, in order, each one document.
using TextSource = std::function<void(const std::function<void(std::string_view)>&)>;

/// Trains a tokenizer of `config.kind`. `char` takes every character of the text, `byte` looks at
/// none. Throws Error(config) when the text cannot give `vocab_size` tokens. Deterministic for any
/// thread count.
std::shared_ptr<const Tokenizer> train_tokenizer(const TokenizerConfig& config,
                                                 const TextSource& texts, int threads);

}  // namespace slovo
