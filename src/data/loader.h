// Batches of tokens for training and validation. The batch of any step is found directly from
// the step's number, so a resumed run needs no other state. Not thread-safe.
//
// Legend: B rows, T tokens of a row (data.seq_len).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/row_source.h"
#include "data/token_stream.h"

namespace slovo {

struct LoaderOptions {
  int64_t batch_size = 1;  ///< B
  int64_t seq_len = 256;   ///< T
  uint64_t seed = 0;
  bool attend_across_documents = false;  ///< each row is one segment, its positions 0..T-1
  /// Rows of all steps before a step, where a batch grows to batch_size; step * batch_size when
  /// empty.
  std::function<int64_t(int64_t step)> rows_before = nullptr;
};

using RowSources = std::vector<std::unique_ptr<RowSource>>;

/// Rows of streams. An epoch of a stream puts its documents in a random order, joins them to a
/// ring, cuts that into floor(pairs / T) rows from a random place on: every token is a target once,
/// but for the pairs (fewer than T) that fill no row. A document longer than what is left of a row
/// goes on in another row, with positions from 0. Throws Error(data) when a stream does not fill
/// one row.
RowSources text_sources(std::vector<TokenStream> streams, const LoaderOptions& options);

/// Draws rows from sources in proportion to their weights; those of an epoch of a source come in a
/// random order.
class TrainLoader {
 public:
  TrainLoader(RowSources sources, const LoaderOptions& options);

  /// Rows of optimizer step `step`, counted from 0: [B,T].
  Batch batch(int64_t step);
  /// Where each row of a step comes from: "novel.txt, document 3, token 128 (and 2 more
  /// documents)".
  std::vector<std::string> describe_rows(int64_t step);

  /// Tokens that are learned in one pass over all sources.
  int64_t tokens() const;
  /// Rows of one pass over all sources (with weights some sources are then seen more often than
  /// once, some not whole).
  int64_t rows_per_epoch() const;
  /// Steps in which `epochs` passes are made, rounded up.
  int64_t steps(double epochs) const;
  /// Steps in which so many rows are made, rounded up.
  int64_t steps_of_rows(double rows) const;

 private:
  struct Component {
    std::unique_ptr<RowSource> source;
    uint64_t share = 0;  ///< of what the components before it leave, in 2^-32
  };
  /// A row as a place in an epoch of a source.
  struct Row {
    RowSource* source = nullptr;
    uint64_t epoch = 0;
    int64_t place = 0;
  };

  int64_t rows_before(int64_t step) const;
  Row row(int64_t index) const;

  std::vector<Component> components_;
  LoaderOptions options_;
};

/// Windows of T tokens over the whole validation text, in order, none overlapping: every token is
/// scored once. The last window is filled up with weight 0.
class ValidLoader {
 public:
  ValidLoader(TokenStream stream, const LoaderOptions& options);

  /// Number of batches of up to `batch_size` windows; 0 when nothing is held out.
  int64_t batches() const;
  Batch batch(int64_t index) const;
  /// Tokens that are scored.
  int64_t tokens() const { return pairs_; }

 private:
  std::unique_ptr<const TokenStream> stream_;
  LoaderOptions options_;
  int64_t pairs_;
  std::unique_ptr<const StreamOrder> order_;
};

}  // namespace slovo
