// Learning from a teacher's distribution beside the text itself.
#pragma once

#include "train/causal.h"

namespace slovo {

class DistillObjective : public CausalObjective {
 public:
  /// The loss is (1 - weight) times that of CausalObjective and `weight` times the divergence from
  /// the teacher, whose vocabulary is the model's; nothing of the teacher is trained. Examples of
  /// negative weight are not compared.
  DistillObjective(Transformer model, CausalData data, const TrainConfig& train,
                   const SftConfig& sft, Transformer teacher, const DistillConfig& distill);

  StepWork prepare(int64_t step) override;
  at::Tensor loss(const Batch& micro_batch, double scale) override;
  /// "distill_loss": the divergence of a token of the step in nats, times the temperature's square.
  std::vector<std::pair<std::string, double>> metrics() const override;
  std::vector<RoleModel> models() const override;

 private:
  Transformer teacher_;
  DistillConfig distill_;
  at::Tensor divergence_;  ///< of the step so far
};

}  // namespace slovo
