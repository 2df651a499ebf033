// Normalisation over the last dimension.
#include <ATen/ATen.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {

using detail::collect;
using detail::wide;

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const Tensor wide_x = wide(x);
  const Tensor scale = (wide_x.square().mean(-1, /*keepdim=*/true) + eps).rsqrt();
  return (wide_x * scale * wide(collect(weight))).to(x.scalar_type());
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  const Tensor wide_bias = bias.defined() ? wide(collect(bias)) : bias;
  return at::layer_norm(wide(x), {x.size(-1)}, wide(collect(weight)), wide_bias, eps)
      .to(x.scalar_type());
}

}  // namespace slovo::ops
