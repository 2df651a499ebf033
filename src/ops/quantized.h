// Weights that are kept in few bits while something else is trained (QLoRA, arXiv:2305.14314), and
// the product with them. They are given back in pieces of bounded size, never whole.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>
#include <c10/util/intrusive_ptr.h>

#include <vector>

#include "config/config.h"

namespace slovo::ops {

using at::Tensor;

/// One matrix: int8 with a scale a row, or NF4 in blocks of 64 of the matrix laid out flat, whose
/// scales are themselves kept in 8 bits (double quantisation: fp8, less their mean, in groups of
/// 256).
class QuantizedMatrix {
 public:
  /// matrix [rows,columns] of any floating type, kept on its device; `form` is not full.
  QuantizedMatrix(LoraBase form, const Tensor& matrix);
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  /// What it takes in memory.
  int64_t bytes() const;
  /// Rows [begin, begin + count) in `dtype`; `begin` is a multiple of kStep.
  Tensor read(int64_t begin, int64_t count, at::ScalarType dtype) const;

  /// From any row of this kind on a block begins.
  static constexpr int64_t kStep = 64;

 private:
  void keep_int8(const Tensor& values);
  void keep_nf4(const Tensor& values);
  Tensor read_plainly(int64_t begin, int64_t count) const;
  Tensor block_scales(int64_t first, int64_t count) const;

  LoraBase form_;
  int64_t rows_, columns_;
  Tensor codes_;         ///< int8 [rows,columns]; NF4: two a byte, flat
  Tensor scales_;        ///< fp32 [rows]; NF4: fp8 [groups,256], of the blocks
  Tensor group_scales_;  ///< NF4: fp32 [groups,1]
  double mean_ = 0;      ///< NF4: what was taken off the blocks' scales
};

/// A weight [out,in] as matrices below each other, quantised apart.
class QuantizedWeight : public torch::CustomClassHolder {
 public:
  QuantizedWeight(LoraBase form, at::Device device) : form_(form), device_(device) {}
  /// The next rows, of any floating type and from any device.
  void add(const Tensor& rows);

  const std::vector<QuantizedMatrix>& parts() const { return parts_; }
  int64_t rows() const;
  int64_t bytes() const;
  /// Rows [begin, begin + count) in `dtype`; they lie in one part, `begin` on a step of it.
  Tensor read(int64_t begin, int64_t count, at::ScalarType dtype) const;
  /// The part that is just these rows, as a weight.
  c10::intrusive_ptr<QuantizedWeight> part(int64_t begin, int64_t count) const;

 private:
  LoraBase form_;
  at::Device device_;
  std::vector<QuantizedMatrix> parts_;
};

/// ops::linear with such a weight, which is frozen, as the bias is: gradients go to x and residual
/// only.
Tensor quantized_linear(const Tensor& x, const c10::intrusive_ptr<QuantizedWeight>& weight,
                        const Tensor& bias = {}, const Tensor& residual = {});

}  // namespace slovo::ops
