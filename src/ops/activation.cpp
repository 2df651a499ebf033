// The non-linear functions between the two products of an MLP.
#include <ATen/ATen.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {

Tensor swiglu(const Tensor& x) {
  const std::vector<Tensor> halves = x.chunk(2, -1);
  return at::silu(halves[0]) * halves[1];
}

Tensor gelu(const Tensor& x) { return at::gelu(x); }

Tensor gelu_tanh(const Tensor& x) { return at::gelu(x, "tanh"); }

Tensor relu2(const Tensor& x) { return at::relu(x).square(); }

}  // namespace slovo::ops
