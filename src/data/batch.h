// What training computes on. Made by loaders, read by objectives; the loop sees nothing else of the
// data.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/segments.h"

namespace slovo {

struct Batch {
  at::Tensor ids_BT;        ///< int64
  at::Tensor targets_BT;    ///< int64, the token each place is to predict
  at::Tensor weights_BT;    ///< fp32: 0 is not learned; may be negative
  at::Tensor positions_BT;  ///< int64, counted from each document's start
  Segments segments;        ///< documents of the rows

  int64_t rows() const { return ids_BT.defined() ? ids_BT.size(0) : 0; }
  Batch to(at::Device device) const;
  /// Rows [begin, end) as a batch of their own.
  Batch slice(int64_t begin, int64_t end) const;
  /// The same to learn from, with fewer places: those at the end of each row that nothing is
  /// learned from are left out, and what is left of the rows follows each other in one row. Itself
  /// where that saves nothing.
  Batch without_padding() const;
};

}  // namespace slovo
