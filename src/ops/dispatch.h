// Shared by the operations: which form runs, and where the gradient of a weight goes.
#pragma once

#include <ATen/core/Tensor.h>

namespace slovo::ops::detail {

using at::Tensor;

/// True when the fast CPU form takes tensors like x: on the CPU, fp32 or bf16, and chosen.
bool use_fast(const Tensor& x);
/// True when autograd records and one of the (defined) tensors requires a gradient.
bool needs_grad(std::initializer_list<Tensor> tensors);
/// The dtype sums are taken in: fp32, or fp64 for fp64.
at::ScalarType wide_type(at::ScalarType type);
Tensor wide(const Tensor& x);

/// weight.grad(), made of zeros in the wide dtype where there is none.
Tensor& weight_gradient(const Tensor& weight);
/// Adds to weight.grad() where the weight is defined and requires a gradient.
void add_gradient(const Tensor& weight, const Tensor& gradient);
/// The weight for a differentiable ATen expression: its gradient goes to weight.grad() in the wide
/// dtype.
Tensor collect(const Tensor& weight);

}  // namespace slovo::ops::detail
