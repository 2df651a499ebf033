// Less memory for more time: a part of the model that keeps only its inputs for the backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace slovo::ops {

using Recomputed = std::function<at::Tensor(const at::Tensor& x, const at::Tensor& y)>;

/// body(x, y), differentiable in both and in the weights that the body uses; the backward pass runs
/// the body again instead of keeping what it computed (arXiv:1604.06174). The body must give the
/// same result both times.
at::Tensor recompute(const Recomputed& body, const at::Tensor& x, const at::Tensor& y);

}  // namespace slovo::ops
