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
  return config.lr + (config.final_lr() - config.lr) * p;
}

double stable_then_decay(const TrainConfig& config, int64_t step) {
  const auto decay =
      static_cast<int64_t>(std::llround(config.decay_share * static_cast<double>(config.steps)));
  const int64_t level_end = std::max(config.warmup(config.steps), config.steps - decay);
  if (step < level_end) return config.lr;
  return between_rates(config, progress(config, level_end - 1, step));
}

}  // namespace

double learning_rate(const TrainConfig& config, int64_t step) {
  const int64_t warmup = config.warmup(config.steps);
  if (step < warmup) return config.lr * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double p = progress(config, warmup, step);
  switch (config.schedule) {
    case Schedule::cosine: {
      const double low = config.final_lr();
      return low + (config.lr - low) * 0.5 * (1 + std::cos(std::numbers::pi * p));
    }
    case Schedule::linear:
      return between_rates(config, p);
    case Schedule::wsd:
      return stable_then_decay(config, step);
    case Schedule::constant:
      break;
  }
  return config.lr;
}

}  // namespace slovo
