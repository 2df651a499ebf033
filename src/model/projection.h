// A linear map whose weight gradient is summed in fp32 (ops.h), optionally added onto the residual
// stream. Its weight may be kept in few bits, and adapters may change what it puts out; both while
// the weight itself is frozen.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "model/adapter.h"
#include "ops/quantized.h"

namespace slovo {

class ProjectionImpl : public torch::nn::Module {
 public:
  ProjectionImpl(int64_t in, int64_t out, bool with_bias, at::TensorOptions options);
  /// x [...,in] -> [...,out]; with `residual` [...,out]: residual + the product.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual = {});

  /// Keeps the weight in few bits from now on: `weight` has its shape, but no data.
  void quantize(LoraBase form);
  /// Fills rows of the weight from `begin` on. A quantised weight is filled from its first row to
  /// its last, once.
  void set_rows(int64_t begin, const at::Tensor& rows);

  /// Puts an adapter on its place, which follows those of the adapters before.
  void add_adapter(const Adapter& adapter);
  /// Sets the magnitude of adapters that have one to what it is of the weight as it is.
  void init_magnitudes();
  /// Makes the changes part of the weight and drops the adapters.
  void merge_adapters();

  at::Tensor weight;  ///< [out,in]
  at::Tensor bias;    ///< [out] or undefined

 private:
  at::Tensor product(const at::Tensor& x, const at::Tensor& with_bias,
                     const at::Tensor& residual) const;
  at::Tensor product_of_rows(const at::Tensor& x, const AdapterPlace& rows) const;
  at::Tensor changes(const at::Tensor& x, const at::Tensor& plain) const;
  at::Tensor change(AdapterImpl& adapter, const at::Tensor& x, const at::Tensor& plain) const;
  at::Tensor changed_norms(AdapterImpl& adapter) const;

  c10::intrusive_ptr<ops::QuantizedWeight> quantized_;
  std::vector<Adapter> adapters_;
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
