#include "data/token_stream.h"

#include <algorithm>

#include "core/error.h"

namespace slovo {

int64_t TokenStream::pairs() const {
  int64_t total = 0;
  for (const StreamPiece& piece : pieces) total += piece.pairs();
  return total;
}

void TokenStream::copy(const StreamPiece& piece, int64_t from, int64_t count, int64_t* inputs,
                       int64_t* targets) const {
  const TokenShards& source = *shards[static_cast<size_t>(piece.shards)];
  const int64_t first_target = piece.begin + from + (piece.after_end ? 0 : 1);
  source.copy(first_target, count, targets);
  if (from > 0 || !piece.after_end) {
    source.copy(first_target - 1, 1, inputs);
  } else {
    inputs[0] = *source.end_of_text();
  }
  std::copy_n(targets, count - 1, inputs + 1);
}

std::string TokenStream::describe(const StreamPiece& piece, int64_t from) const {
  const TokenShards& source = *shards[static_cast<size_t>(piece.shards)];
  const int64_t token = piece.begin - source.begin(piece.document) + from;
  return cat(source.describe(piece.document), ", token ", token);
}

StreamOrder::StreamOrder(const TokenStream& stream) : stream_(stream) { sum(); }

StreamOrder::StreamOrder(const TokenStream& stream, uint64_t seed, uint64_t epoch, int64_t row)
    : stream_(stream),
      shuffle_(Permutation(stream.pieces.size(),
                           random_bits(seed, random_stream("documents"), epoch), epoch)) {
  sum();
  shift_ = static_cast<int64_t>(random_bits(seed, random_stream("row offset"), epoch) %
                                static_cast<uint64_t>(std::min(row, pairs())));
}

void StreamOrder::sum() {
  starts_.reserve(stream_.pieces.size() + 1);
  int64_t total = 0;
  for (size_t i = 0; i < stream_.pieces.size(); ++i) {
    starts_.push_back(total);
    total += piece_at(i).pairs();
  }
  starts_.push_back(total);
  SLOVO_CHECK(total > 0, "no tokens to learn in ", stream_.name);
}

size_t StreamOrder::find(int64_t pair) const {
  return static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end() - 1, pair) -
                             starts_.begin()) -
         1;
}

}  // namespace slovo
