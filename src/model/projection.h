// A linear map whose weight gradient is summed in fp32 (ops.h), optionally added onto the residual
// stream.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

namespace slovo {

class ProjectionImpl : public torch::nn::Module {
 public:
  ProjectionImpl(int64_t in, int64_t out, bool with_bias, at::TensorOptions options);
  /// x [...,in] -> [...,out]; with `residual` [...,out]: residual + the product.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});

  at::Tensor weight;  ///< [out,in]
  at::Tensor bias;    ///< [out] or undefined
};
TORCH_MODULE(Projection);

/// A table of vectors looked up by row: token embeddings and learned positions.
class TableImpl : public torch::nn::Module {
 public:
  TableImpl(int64_t rows, int64_t size, at::TensorOptions options);
  /// ids [...] int64 -> [...,size].
  at::Tensor forward(const at::Tensor& ids);

  at::Tensor weight;  ///< [rows,size]
};
TORCH_MODULE(Table);

}  // namespace slovo
