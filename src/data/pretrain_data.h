// From a corpus to what pretraining learns and is validated on: token shards, and the split between
// the two.
#pragma once

#include <vector>

#include "config/config.h"
#include "data/corpus.h"
#include "data/token_stream.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

struct PretrainData {
  /// One stream of all training text; with weights one a `--data` entry.
  std::vector<TokenStream> train;
  /// All held-out text; without pieces when nothing is held out.
  TokenStream valid;
};

/// Tokenises the corpus (or opens it from the cache) and splits it. Validation text is that of
/// `data.valid`; else of each
/// `--data` entry
///  - of one document: its last 10 % of tokens, from int(0.9 n) on; the end-of-text token belongs
///  to neither part;
///  - of more: `data.valid_share` of the documents, at least one and never all, chosen by the seed
///  and the text of
///    each, so that a document keeps its side when others come or go, and equal documents are on
///    the same side.
/// `data.valid_share = 0` holds nothing out. Throws what open_shards throws, and Error(data) where
/// no split is possible.
PretrainData open_pretrain_data(const Corpus& corpus, const DataConfig& config,
                                const Tokenizer& tokenizer, uint64_t seed, int threads);

}  // namespace slovo
