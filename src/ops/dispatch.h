// Shared by the operations: which form runs, and where the gradient of a weight goes.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "kernels/bf16.h"

namespace slovo::ops::detail {

using at::Tensor;

/// True when the fast CPU form takes tensors like x: on the CPU, fp32 or bf16, and chosen.
bool use_fast(const Tensor& x);
/// The same for an operation of x with a weight, which must have x's dtype.
bool use_fast(const Tensor& x, const Tensor& weight);
/// True when autograd records and one of the (defined) tensors requires a gradient.
bool needs_grad(std::initializer_list<Tensor> tensors);
/// The dtype sums are taken in: fp32, or fp64 for fp64.
at::ScalarType wide_type(at::ScalarType type);
Tensor wide(const Tensor& x);

/// As an argument of an autograd function, which takes no undefined tensors.
inline std::optional<Tensor> optional(const Tensor& x) {
  return x.defined() ? std::optional<Tensor>(x) : std::nullopt;
}

/// weight.grad(), made of zeros in the wide dtype where there is none.
Tensor& weight_gradient(const Tensor& weight);
/// Adds to weight.grad() where the weight is defined and requires a gradient.
void add_gradient(const Tensor& weight, const Tensor& gradient);
/// The weight for a differentiable ATen expression: its gradient goes to weight.grad() in the wide
/// dtype.
Tensor collect(const Tensor& weight);

// What the fast CPU forms share.

/// The tensor's elements for a kernel; T is float or kernels::Bf16. Null for an undefined tensor.
template <class T>
T* data(const Tensor& x) {
  return x.defined() ? static_cast<T*>(x.mutable_data_ptr()) : nullptr;
}
/// Calls body with a float or a kernels::Bf16, whichever the tensor holds.
template <class Body>
void by_type(const Tensor& x, const Body& body) {
  x.scalar_type() == at::kFloat ? body(float{}) : body(kernels::Bf16{});
}
/// Splits [0, count) over the threads: body(begin, end). `cost` elements are touched for each, and
/// parts that are not worth a second thread are not split.
template <class Body>
void for_range(int64_t count, int64_t cost, const Body& body) {
  constexpr int64_t kGrain = int64_t{1} << 15;
  at::parallel_for(0, count, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, cost)), body);
}
/// Sums over rows that do not depend on the number of threads: body(begin, end, sums) adds rows to
/// sums [width] fp32, which start at zero; the sums of all blocks are added to `total` in order.
/// Where `total` is null, body is given null.
template <class Body>
void sum_blocks(int64_t rows, int64_t width, float* total, const Body& body) {
  constexpr int64_t kBlocks = 16;
  const int64_t size = std::max<int64_t>(16, (rows + kBlocks - 1) / kBlocks);
  const int64_t blocks = (rows + size - 1) / size;
  std::vector<float> sums(total == nullptr ? 0 : static_cast<size_t>(blocks * width));
  for_range(blocks, size * width, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      body(i * size, std::min(rows, (i + 1) * size),
           total == nullptr ? nullptr : sums.data() + i * width);
    }
  });
  if (total == nullptr) return;
  for (int64_t i = 0; i < blocks; ++i) {
    for (int64_t j = 0; j < width; ++j) total[j] += sums[static_cast<size_t>(i * width + j)];
  }
}

}  // namespace slovo::ops::detail
