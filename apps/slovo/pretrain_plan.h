// What `slovo pretrain --dry-run` tells: parameters, memory, text, time, and what would be written.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "core/json.h"
#include "train/rehearsal.h"

namespace slovo {

struct PretrainPlan {
  std::vector<std::pair<std::string, int64_t>> parameters;  ///< by part
  std::string device, dtype, model_type, optimizer;
  int threads = 0;

  bool bf16 = false;
  int64_t optimizer_bytes = 0;  ///< moments, and the mean of the weights
  int64_t process_bytes = 0;    ///< program, text and tokenizer, before the model was made
  int64_t peak_bytes = 0;       ///< of the rehearsal; 0: it was not made, since it does not fit
  int64_t available_bytes = 0;  ///< before the model was made
  Rehearsal rehearsal;

  int64_t train_tokens = 0, valid_tokens = 0;
  int64_t steps = 0, tokens_per_step = 0;  ///< of the largest step
  int64_t tokens = 0;                      ///< of all steps
  double epochs = 0;
  int64_t validations = 0;
  double validation_seconds = 0;  ///< of one

  std::string out;  ///< the run folder
  int64_t checkpoints_kept = 0;
  std::string cache;  ///< where tokenised text would be kept
  int64_t cache_bytes = 0;

  int64_t parameter_total() const;
  /// Weights, their bf16 copy, gradients and what the optimizer keeps.
  int64_t state_bytes() const { return parameter_total() * (bf16 ? 10 : 8) + optimizer_bytes; }
  int64_t memory_bytes() const;
  bool fits() const { return rehearsal.fits && memory_bytes() <= process_bytes + available_bytes; }
  /// The most rows at once for which memory is there; 0: not even one.
  int64_t largest_micro_batch() const;
  double seconds() const;
  /// What the processors or the GPU take: as measured in the rehearsal, else assumed.
  bool on_gpu() const { return device != "cpu"; }
  bool power_measured() const;
  double watts() const;
};

Json plan_json(const PretrainPlan& plan);
/// The same as lines of text.
std::string plan_text(const PretrainPlan& plan);

}  // namespace slovo
