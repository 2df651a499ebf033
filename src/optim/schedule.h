// The learning rate of each step: a warm-up, then one of several ways down. A pure function of the
// step, so that a resumed run, also one with another number of steps, needs no state for it.
#pragma once

#include <cstdint>

#include "config/config.h"

namespace slovo {

/// The rate of step `step`, counted from 0, of a run of `config.steps`.
///
/// The first W = warmup_steps rise to lr, the last of them being lr itself: lr * (step + 1) / W.
/// After them, with p going from 0 at the first step behind the warm-up to 1 at the last step of
/// the run:
///   cosine        min + (lr - min) * (1 + cos(pi p)) / 2                   (arXiv:1608.03983)
///   linear        lr + (min - lr) * p
///   wsd           lr, then down over the last decay_steps (or decay_share of the steps), which end
///                 at min: lr + (min - lr) * q, or with sqrt(q), q going from 0 at the last level
///                 step to 1                                  (arXiv:2404.06395, arXiv:2405.18392)
///   inverse_sqrt  lr * sqrt(max(1, W) / (step + 1))                        (arXiv:1706.03762)
///   constant      lr
double learning_rate(const TrainConfig& config, int64_t step);

}  // namespace slovo
