// What rows of a batch are made of: parts of the training data, each with rows of its own kind.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/batch.h"

namespace slovo {

/// Fills the tensors of a batch row by row, each row span by span.
class RowWriter {
 public:
  RowWriter(int64_t rows, int64_t length);

  /// The next `count` places of the row, to be filled with inputs and targets (from weights 1 on);
  /// they are a document of their own, unless they `continue` the one before.
  struct Span {
    int64_t* inputs;
    int64_t* targets;
    float* weights;
  };
  Span add(int64_t count, bool continues = false);
  /// Fills what is left of the row with places of weight 0.
  void end_row(bool continues = false);
  Batch finish();

 private:
  Batch batch_;
  int64_t length_;
  int64_t row_begin_ = 0;
  int64_t at_ = 0;  ///< the next place in the flattened [B*T]
};

class RowSource {
 public:
  virtual ~RowSource() = default;

  virtual std::string name() const = 0;
  /// How often its rows come, in relation to those of other sources.
  virtual double weight() const = 0;
  /// Rows of an epoch.
  virtual int64_t rows() const = 0;
  /// Tokens that are learned in an epoch.
  virtual int64_t tokens() const = 0;
  /// Writes row `place` of an epoch, without ending it.
  virtual void write_row(uint64_t epoch, int64_t place, RowWriter& writer) = 0;
  /// Where that row comes from.
  virtual std::string describe_row(uint64_t epoch, int64_t place) = 0;
};

}  // namespace slovo
