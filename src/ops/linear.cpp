// Products with a weight matrix.
#include <ATen/ATen.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual) {
  const Tensor bias_or_none = bias.defined() ? detail::collect(bias) : bias;
  const Tensor product = at::linear(x, detail::collect(weight), bias_or_none);
  return residual.defined() ? residual + product : product;
}

}  // namespace slovo::ops
