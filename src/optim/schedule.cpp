#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace slovo {
namespace {

/// 0 at `first`, 1 at the last step of the run.
double progress(const TrainConfig& config, int64_t first, int64_t step) {
  const int64_t span = std::max<int64_t>(1, config.steps - 1 - first);
  return std::clamp(static_cast<double>(step - first) / static_cast<double>(span), 0.0, 1.0);
}

double between_rates(const TrainConfig& config, double p) {
  return config.highest_lr() + (config.final_lr() - config.highest_lr()) * p;
}

int64_t decay_steps(const TrainConfig& config) {
  const double share = config.decay_share * static_cast<double>(config.steps);
  return config.decay_steps.value_or(static_cast<int64_t>(std::llround(share)));
}

double stable_then_decay(const TrainConfig& config, int64_t step) {
  const int64_t level_end =
      std::max(config.warmup(config.steps), config.steps - decay_steps(config));
  if (step < level_end) return config.highest_lr();
  const double p = progress(config, level_end - 1, step);
  return between_rates(config, config.decay_shape == DecayShape::sqrt ? std::sqrt(p) : p);
}

}  // namespace

double learning_rate(const TrainConfig& config, int64_t step) {
  const int64_t warmup = config.warmup(config.steps);
  const double lr = config.highest_lr();
  const auto done = static_cast<double>(step + 1);
  if (step < warmup) return lr * done / static_cast<double>(warmup);
  const double p = progress(config, warmup, step);
  switch (config.schedule) {
    case Schedule::cosine: {
      const double low = config.final_lr();
      return low + (lr - low) * 0.5 * (1 + std::cos(std::numbers::pi * p));
    }
    case Schedule::linear:
      return between_rates(config, p);
    case Schedule::wsd:
      return stable_then_decay(config, step);
    case Schedule::inverse_sqrt:
      return lr * std::sqrt(static_cast<double>(std::max<int64_t>(1, warmup)) / done);
    case Schedule::constant:
      break;
  }
  return lr;
}

}  // namespace slovo
