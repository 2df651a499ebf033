#include "train/distill.h"

#include <ATen/ATen.h>

#include "ops/distillation.h"

namespace slovo {

DistillObjective::DistillObjective(Transformer model, CausalData data, const TrainConfig& train,
                                   const SftConfig& sft, Transformer teacher,
                                   const DistillConfig& distill)
    : CausalObjective(std::move(model), std::move(data), train, &sft),
      teacher_(std::move(teacher)),
      distill_(distill) {}

StepWork DistillObjective::prepare(int64_t step) {
  divergence_ = at::Tensor();
  return CausalObjective::prepare(step);
}

at::Tensor DistillObjective::loss(const Batch& micro_batch, double scale) {
  const Batch batch = begin_pass(micro_batch);
  at::Tensor taught;
  {
    const at::NoGradGuard no_grad;
    taught = teacher_->forward({batch.ids_BT, batch.positions_BT, batch.segments});
  }
  const at::Tensor hidden = hidden_of(batch);
  const auto input = [](const at::Tensor& states, const Transformer& from) {
    return ops::HeadInput{states.flatten(0, 1), from->head_weight(),
                          from->config().final_logit_softcapping};
  };
  const ops::DistillOptions options{distill_.loss == DistillLoss::forward_kl
                                        ? ops::Divergence::forward_kl
                                        : ops::Divergence::reverse_kl,
                                    distill_.temperature, distill_.top_k};
  const at::Tensor divergence = ops::linear_distillation(
      input(hidden, model()), input(taught, teacher_), batch.weights_BT.flatten().clamp_min(0),
      scale * distill_.weight, options);
  const at::Tensor part = divergence.detach() / distill_.weight;
  divergence_ = divergence_.defined() ? divergence_ + part : part;
  if (distill_.weight == 1) return divergence;
  return divergence + text_loss(hidden, batch, scale * (1 - distill_.weight));
}

std::vector<std::pair<std::string, double>> DistillObjective::metrics() const {
  if (!divergence_.defined()) return {};
  return {{"distill_loss", divergence_.item<double>()}};
}

std::vector<RoleModel> DistillObjective::models() const {
  return {{ModelRole::policy, model()}, {ModelRole::teacher, teacher_}};
}

}  // namespace slovo
