#include "model/norm.h"

#include <ATen/ops/empty.h>

namespace slovo {

NormLayerImpl::NormLayerImpl(Norm kind, int64_t size, double eps, at::TensorOptions options)
    : kind_(kind), eps_(eps) {
  weight = register_parameter("weight", at::empty({size}, options));
  if (kind == Norm::layer) bias = register_parameter("bias", at::empty({size}, options));
}

at::Tensor NormLayerImpl::forward(const at::Tensor& x) {
  return kind_ == Norm::rms ? ops::rms_norm(x, weight, eps_)
                            : ops::layer_norm(x, weight, bias, eps_);
}

ops::Fork NormLayerImpl::fork(const at::Tensor& x) {
  return kind_ == Norm::rms ? ops::rms_norm_fork(x, weight, eps_)
                            : ops::layer_norm_fork(x, weight, bias, eps_);
}

}  // namespace slovo
