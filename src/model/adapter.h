// A low-rank change of some outputs of a linear map (LoRA, arXiv:2106.09685), with a trained size
// of each output's weights where that is asked for (DoRA, arXiv:2402.09353). Computed as PEFT does.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "config/config.h"
#include "model/training_pass.h"

namespace slovo {

/// Where an adapter goes: outputs [begin, begin + rows) of a projection, which Hugging Face's
/// modules have as a linear map of its own.
struct AdapterPlace {
  std::string projection;  ///< "blocks.0.attention.qkv"
  std::string name;        ///< "q_proj": what the adapter's parameters are called by
  int64_t begin = 0;
  int64_t rows = 0;

  std::string full_name() const { return projection + "." + name; }
};

class AdapterImpl : public torch::nn::Module {
 public:
  /// Of a projection of `inputs`. `pass` says when inputs are dropped.
  AdapterImpl(const AdapterPlace& place, int64_t inputs, const LoraConfig& config,
              std::shared_ptr<const TrainingPass> pass, at::TensorOptions options);

  /// A uniform in +-1/sqrt(inputs), B zero: the adapter changes nothing. The bits, and later what
  /// is dropped, depend on seed and names only.
  void init(uint64_t seed);
  /// The adapter's input: x, some of it dropped in training.
  at::Tensor dropped(const at::Tensor& x) const;
  /// scale * B A x: [...,inputs] -> [...,rows].
  at::Tensor low_rank(const at::Tensor& x) const;
  /// `weight` with the change, fp32: rows [begin, begin + count) of the adapter's own. Without the
  /// magnitude.
  at::Tensor changed(const at::Tensor& weight, int64_t begin) const;

  const AdapterPlace& place() const { return place_; }
  bool has_magnitude() const { return magnitude.defined(); }

  /// Norms of the changed weight's rows, kept between passes while the model is not in training.
  at::Tensor norms;
  void train(bool on = true) override;

  at::Tensor lora_A;     ///< [rank,inputs]
  at::Tensor lora_B;     ///< [rows,rank]
  at::Tensor magnitude;  ///< [rows], or undefined

 private:
  AdapterPlace place_;
  double scale_, dropout_;
  uint64_t seed_ = 0;
  std::shared_ptr<const TrainingPass> pass_;
};
TORCH_MODULE(Adapter);

}  // namespace slovo
