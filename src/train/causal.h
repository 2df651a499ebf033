// Next-token prediction with teacher forcing: the objective of pretraining and of instruction
// tuning, which differ in the weights of their batches only.
#pragma once

#include <functional>

#include "config/config.h"
#include "ops/ops.h"
#include "train/objective.h"

namespace slovo {

/// Where batches come from: loaders of src/data, or tensors in a test.
struct CausalData {
  std::function<Batch(int64_t step)> train;
  /// Where the rows of a step come from, for error messages.
  std::function<std::vector<std::string>(int64_t step)> sources;
  int64_t valid_batches = 0;
  std::function<Batch(int64_t index)> valid;  ///< called for 0 ... valid_batches - 1
  /// Text of the kind the model was pretrained on, whose loss is watched beside: "old_loss".
  int64_t old_batches = 0;
  std::function<Batch(int64_t index)> old_text;
};

class CausalObjective : public Objective {
 public:
  /// Computes `train.micro_batch()` rows at once on the model's device, with the loss that `train`
  /// and, where examples are learned, `sft` describe.
  CausalObjective(Transformer model, CausalData data, const TrainConfig& train,
                  const SftConfig* sft = nullptr);

  StepWork prepare(int64_t step) override;
  at::Tensor loss(const Batch& micro_batch, double scale) override;
  /// Mean negative log-likelihood of a supervised token, in nats.
  std::optional<double> validate() override;
  std::vector<std::pair<std::string, double>> validation_metrics() const override;
  std::vector<std::string> sources(int64_t step) override;
  std::vector<RoleModel> models() const override { return {{ModelRole::policy, model_}}; }

 protected:
  const Transformer& model() const { return model_; }
  /// Begins the pass of a micro-batch; what it holds, on the model's device.
  Batch begin_pass(const Batch& micro_batch);
  at::Tensor hidden_of(const Batch& batch);
  /// The part of the text itself in the loss.
  at::Tensor text_loss(const at::Tensor& hidden_BTC, const Batch& batch, double scale) const;

 private:
  Batch on_device(const Batch& batch) const;
  at::Tensor loss_with(const at::Tensor& hidden_BTC, const Batch& batch, double scale,
                       const ops::LossOptions& options) const;
  std::optional<double> mean_loss(int64_t batches,
                                  const std::function<Batch(int64_t index)>& batch);

  Transformer model_;
  CausalData data_;
  int64_t micro_batch_;
  ops::LossOptions training_loss_, plain_loss_;
  std::optional<double> old_loss_;
  at::Device device_;
  uint64_t next_pass_ = 0;  ///< numbers the passes of all steps
};

}  // namespace slovo
