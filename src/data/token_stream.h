// Predictions to learn from, as one long line: pieces of documents, each a run of (input, target)
// pairs. Knows no rows, batches or tensors.
//
// A document t1..tn of a tokenizer with an end-of-text token E is learned as
//     inputs  E  t1 .. tn
//     targets t1 t2 .. E
// so E both begins and ends a document: a model can be prompted by E alone and says when it is
// done, and no pair spans two documents. Without E, and for a part of a document, the pairs are
// those of its own tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rng.h"
#include "data/shards.h"

namespace slovo {

/// Tokens [begin, end) of a shard set, all of one document.
struct StreamPiece {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t document = 0;
  int32_t shards = 0;      ///< index in TokenStream::shards
  bool after_end = false;  ///< its first token too is a target, predicted from end-of-text

  int64_t pairs() const { return std::max<int64_t>(0, end - begin - (after_end ? 0 : 1)); }
};

struct TokenStream {
  std::string name;
  double weight = 1;
  std::vector<std::shared_ptr<const TokenShards>> shards;
  std::vector<StreamPiece> pieces;

  int64_t pairs() const;
  /// Writes inputs and targets of pairs [from, from + count) of a piece.
  void copy(const StreamPiece& piece, int64_t from, int64_t count, int64_t* inputs,
            int64_t* targets) const;
  /// "novel.txt, document 3, token 128".
  std::string describe(const StreamPiece& piece, int64_t from) const;
};

/// The pieces of a stream one after the other, in their own order or in that of an epoch. Finds any
/// pair in O(log pieces).
class StreamOrder {
 public:
  /// The stream's own order. `stream` must outlive it.
  explicit StreamOrder(const TokenStream& stream);
  /// The shuffled order of an epoch, which begins at a pair chosen at random among the first `row`
  /// ones.
  StreamOrder(const TokenStream& stream, uint64_t seed, uint64_t epoch, int64_t row);

  int64_t pairs() const { return starts_.back(); }
  /// Calls visit(piece, from, count) for the parts of pieces that make up pairs [start, start +
  /// count), counted round from the order's beginning.
  template <class Visit>
  void spans(int64_t start, int64_t count, const Visit& visit) const {
    int64_t at = (start + shift_) % pairs();
    size_t i = find(at);
    while (count > 0) {
      const StreamPiece& piece = piece_at(i);
      const int64_t from = at - starts_[i];
      const int64_t take = std::min(count, piece.pairs() - from);
      if (take > 0) visit(piece, from, take);
      count -= take;
      i = (i + 1) % stream_.pieces.size();
      at = starts_[i];
    }
  }

 private:
  void sum();
  size_t find(int64_t pair) const;
  const StreamPiece& piece_at(size_t i) const {
    return stream_.pieces[shuffle_ ? (*shuffle_)[i] : i];
  }

  const TokenStream& stream_;
  std::optional<Permutation> shuffle_;
  std::vector<int64_t> starts_;  ///< first pair of the i-th piece; the number of pairs last
  int64_t shift_ = 0;
};

}  // namespace slovo
