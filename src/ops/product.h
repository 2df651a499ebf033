// Matrix products on the CPU through the fastest of LibTorch's libraries for the dtype.
#pragma once

#include <ATen/core/Tensor.h>

namespace slovo::ops::detail {

using at::Tensor;

/// x [n,in] . weight [out,in]^T + bias [out] -> [n,out]; the bias may be undefined.
Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias = {});
/// grad [n,out] . weight [out,in] -> [n,in]: the gradient of product with respect to x.
Tensor product_input_gradient(const Tensor& grad, const Tensor& weight);
/// sum [out,in] fp32 += grad [n,out]^T . x [n,in]: the gradient with respect to the weight; the
/// sum of grad's rows goes to bias_sum [out] fp32 where that is defined.
void add_weight_gradient(const Tensor& grad, const Tensor& x, const Tensor& sum,
                         const Tensor& bias_sum = {});
/// sum [out] fp32 += the sum of the rows of grad [n,out].
void add_bias_gradient(const Tensor& grad, const Tensor& sum);

}  // namespace slovo::ops::detail
