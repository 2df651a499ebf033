#include "model/projection.h"

#include <ATen/ops/empty.h>

#include "ops/ops.h"

namespace slovo {

ProjectionImpl::ProjectionImpl(int64_t in, int64_t out, bool with_bias, at::TensorOptions options) {
  weight = register_parameter("weight", at::empty({out, in}, options));
  if (with_bias) bias = register_parameter("bias", at::empty({out}, options));
}

at::Tensor ProjectionImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  return ops::linear(x, weight, bias, residual);
}

TableImpl::TableImpl(int64_t rows, int64_t size, at::TensorOptions options) {
  weight = register_parameter("weight", at::empty({rows, size}, options));
}

at::Tensor TableImpl::forward(const at::Tensor& ids) { return ops::embedding(ids, weight); }

}  // namespace slovo
