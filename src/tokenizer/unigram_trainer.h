// Learning a Unigram vocabulary as SentencePiece does: from many frequent strings, expectation
// maximisation and pruning by loss lead to a few likely pieces. (Kudo 2018, arXiv 1804.10959)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tokenizer/unigram_corpus.h"

namespace slovo {

struct UnigramPiece {
  std::string text;
  double score;  ///< natural logarithm of its probability
};

/// The result does not depend on the number of threads: expectations are added as integers.
class UnigramTrainer {
 public:
  UnigramTrainer(const CountedWords& words, int threads) : corpus_(words), threads_(threads) {}

  /// Characters that will be pieces however few are wanted.
  size_t characters() const { return corpus_.alphabet_size(); }
  /// `size` pieces, the likeliest first; fewer where the text gives no more. `size`
  /// is at least characters(). How many are pruned at last depends on the whole vocabulary, which
  /// has `other_tokens` besides.
  std::vector<UnigramPiece> run(size_t size, size_t other_tokens) const;

 private:
  using Pieces = std::vector<SymbolPiece>;

  /// Calls body(word, worker) for every word of the corpus.
  template <class Body>
  void for_each_word(Body&& body) const;
  Pieces improve(const Pieces& pieces) const;
  std::vector<size_t> by_loss(const Pieces& pieces) const;
  Pieces prune(const Pieces& pieces, size_t wanted) const;
  std::vector<int64_t> best_path_counts(const Pieces& pieces) const;
  Pieces choose(const Pieces& pieces, size_t size) const;

  UnigramCorpus corpus_;
  int threads_;
};

/// About how many bytes training takes beside the counted words.
int64_t unigram_training_bytes(const CountedWords& words, int threads);

}  // namespace slovo
