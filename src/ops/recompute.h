// Less memory for more time: a part of the model that keeps only its input for the backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace slovo::ops {

/// body(x), differentiable in x and in the weights that the body uses; the backward pass runs the
/// body again instead of keeping what it computed (arXiv:1604.06174). The body must give the same
/// result both times.
at::Tensor recompute(const std::function<at::Tensor(const at::Tensor&)>& body, const at::Tensor& x);

}  // namespace slovo::ops
