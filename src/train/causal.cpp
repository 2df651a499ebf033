#include "train/causal.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/interrupt.h"
#include "core/progress.h"
#include "ops/ops.h"

namespace slovo {
namespace {

double supervised(const Batch& batch) {
  return batch.weights_BT.abs().sum(at::kDouble).item<double>();
}

}  // namespace

CausalObjective::CausalObjective(Transformer model, CausalData data, const TrainConfig& train,
                                 const SftConfig* sft)
    : model_(std::move(model)),
      data_(std::move(data)),
      micro_batch_(train.micro_batch()),
      training_loss_{model_->config().final_logit_softcapping, train.z_loss, train.label_smoothing},
      plain_loss_{.softcap = model_->config().final_logit_softcapping},
      device_(model_->head_weight().device()) {
  if (sft == nullptr) return;
  training_loss_.dft = sft->loss == TokenLoss::dft;
  training_loss_.unlikelihood = sft->negative == NegativeLoss::unlikelihood;
}

StepWork CausalObjective::prepare(int64_t step) {
  constexpr int kMostMicroBatchesLog2 = 24;
  next_pass_ = static_cast<uint64_t>(step) << kMostMicroBatchesLog2;
  const Batch batch = data_.train(step);
  StepWork work;
  work.weight = supervised(batch);
  work.tokens = batch.ids_BT.numel();
  for (int64_t begin = 0; begin < batch.rows(); begin += micro_batch_) {
    const int64_t end = std::min(begin + micro_batch_, batch.rows());
    work.micro_batches.push_back(batch.slice(begin, end).without_padding());
  }
  return work;
}

at::Tensor CausalObjective::loss(const Batch& micro_batch, double scale) {
  const Batch batch = begin_pass(micro_batch);
  return text_loss(hidden_of(batch), batch, scale);
}

Batch CausalObjective::begin_pass(const Batch& micro_batch) {
  model_->number_pass(next_pass_++);
  return on_device(micro_batch);
}

Batch CausalObjective::on_device(const Batch& batch) const {
  return device_.is_cpu() ? batch : batch.to(device_);
}

at::Tensor CausalObjective::hidden_of(const Batch& batch) {
  return model_->forward({batch.ids_BT, batch.positions_BT, batch.segments});
}

at::Tensor CausalObjective::text_loss(const at::Tensor& hidden_BTC, const Batch& batch,
                                      double scale) const {
  return loss_with(hidden_BTC, batch, scale, training_loss_);
}

at::Tensor CausalObjective::loss_with(const at::Tensor& hidden_BTC, const Batch& batch,
                                      double scale, const ops::LossOptions& options) const {
  return ops::linear_cross_entropy(hidden_BTC.flatten(0, 1), model_->head_weight(),
                                   batch.targets_BT.flatten(), batch.weights_BT.flatten(), scale,
                                   options);
}

std::optional<double> CausalObjective::validate() {
  old_loss_ = mean_loss(data_.old_batches, data_.old_text);
  return mean_loss(data_.valid_batches, data_.valid);
}

std::optional<double> CausalObjective::mean_loss(
    int64_t batches, const std::function<Batch(int64_t index)>& batch_at) {
  if (batches == 0) return std::nullopt;
  at::NoGradGuard no_grad;
  Progress progress("validating", batches, "batches");
  double sum = 0;
  double weight = 0;
  for (int64_t index = 0; index < batches && !interrupted(); ++index) {
    const Batch batch = on_device(batch_at(index));
    sum += loss_with(hidden_of(batch), batch, 1.0, plain_loss_).item<double>();
    weight += supervised(batch);
    progress.advance(1);
  }
  return weight > 0 ? std::optional(sum / weight) : std::nullopt;
}

std::vector<std::pair<std::string, double>> CausalObjective::validation_metrics() const {
  if (!old_loss_) return {};
  return {{"old_loss", *old_loss_}, {"old_perplexity", std::exp(*old_loss_)}};
}

std::vector<std::string> CausalObjective::sources(int64_t step) { return data_.sources(step); }

}  // namespace slovo
