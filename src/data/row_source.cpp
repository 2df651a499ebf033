#include "data/row_source.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace slovo {

RowWriter::RowWriter(int64_t rows, int64_t length) : length_(length) {
  const auto integers = at::TensorOptions().dtype(at::kLong);
  batch_.ids_BT = at::empty({rows, length}, integers);
  batch_.targets_BT = at::empty({rows, length}, integers);
  batch_.positions_BT = at::empty({rows, length}, integers);
  batch_.weights_BT = at::empty({rows, length}, at::TensorOptions().dtype(at::kFloat));
  batch_.segments.batch = rows;
  batch_.segments.length = length;
}

RowWriter::Span RowWriter::add(int64_t count, bool continues) {
  SLOVO_CHECK(at_ + count <= row_begin_ + length_, count, " places do not fit the row");
  continues = continues && at_ > row_begin_;
  if (!continues) batch_.segments.offsets.push_back(static_cast<int32_t>(at_));
  int64_t* positions = batch_.positions_BT.data_ptr<int64_t>() + at_;
  std::iota(positions, positions + count, continues ? at_ - row_begin_ : 0);
  float* weights = batch_.weights_BT.data_ptr<float>() + at_;
  std::fill_n(weights, count, 1.0F);
  const Span span{batch_.ids_BT.data_ptr<int64_t>() + at_,
                  batch_.targets_BT.data_ptr<int64_t>() + at_, weights};
  at_ += count;
  return span;
}

void RowWriter::end_row(bool continues) {
  const int64_t missing = row_begin_ + length_ - at_;
  if (missing > 0) {
    const Span rest = add(missing, continues);
    std::fill_n(rest.inputs, missing, 0);
    std::fill_n(rest.targets, missing, 0);
    std::fill_n(rest.weights, missing, 0.0F);
  }
  row_begin_ = at_;
}

Batch RowWriter::finish() {
  batch_.segments.offsets.push_back(static_cast<int32_t>(at_));
  return std::move(batch_);
}

}  // namespace slovo
