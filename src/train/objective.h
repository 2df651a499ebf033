// What a training run minimises. Pretraining, instruction tuning and alignment are objectives
// plugged into the one loop (train/loop.h); only the loop makes steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "data/batch.h"
#include "model/transformer.h"

namespace slovo {

enum class ModelRole { policy, reference, critic, teacher };

struct RoleModel {
  ModelRole role;
  Transformer model;
};

/// What one optimizer step computes.
struct StepWork {
  std::vector<Batch> micro_batches;
  /// What the step's loss is divided by, over all its micro-batches: the supervised tokens, so that
  /// the gradient does not depend on how the rows are cut into micro-batches.
  double weight = 0;
  int64_t tokens = 0;  ///< places of all rows, for throughput
};

class Objective {
 public:
  virtual ~Objective() = default;

  /// The work of step `step`, counted from 0: a function of the step and the saved state alone. An
  /// objective with inner epochs hands its rollout out over several steps.
  virtual StepWork prepare(int64_t step) = 0;
  /// The micro-batch's part of the step's loss, a scalar: `scale`, which is 1 / StepWork::weight,
  /// times the sum over its tokens. The parts of all micro-batches add up to the loss.
  virtual at::Tensor loss(const Batch& micro_batch, double scale) = 0;
  /// Mean loss over the whole validation split, or nothing where there is none. No gradients. May
  /// stop early, with any result, once the user has interrupted the run.
  virtual std::optional<double> validate() { return std::nullopt; }
  /// More numbers of the last validation for metrics.jsonl.
  virtual std::vector<std::pair<std::string, double>> validation_metrics() const { return {}; }
  /// Where the rows of step `step` come from, for the message of a run that diverges.
  virtual std::vector<std::string> sources(int64_t step) = 0;

  /// The models that take part; the policy is the one that is trained.
  virtual std::vector<RoleModel> models() const = 0;
  /// More numbers of the last step for metrics.jsonl.
  virtual std::vector<std::pair<std::string, double>> metrics() const { return {}; }
  /// What a checkpoint must hold beside weights and step.
  virtual Json state() const { return Json::object(); }
  virtual void restore(const Json& /*state*/) {}
};

/// Adds the gradient of the micro-batch's part of the loss to the flat buffer; returns that part.
inline at::Tensor forward_backward(Objective& objective, const Batch& micro_batch, double scale) {
  const at::Tensor loss = objective.loss(micro_batch, scale);
  loss.backward();
  return loss.detach();
}

}  // namespace slovo
