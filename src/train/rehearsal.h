// What a run will cost, learned by making a few of its steps (--dry-run). Weights and moments are
// used up by it.
#pragma once

#include <cstdint>

namespace slovo {

struct Rehearsal {
  int64_t rows = 0;              ///< of a micro-batch
  int64_t activation_bytes = 0;  ///< most that tensors take beside weights, gradients and moments
  int64_t bytes_per_row = 0;     ///< how that grows with each row
  bool fits = true;   ///< when false, nothing was timed and the bytes are an estimate from two rows
  int64_t steps = 0;  ///< that were timed
  double step_seconds = 0;  ///< the median of them
  /// Power of the processors while they were timed, by their own meters; 0: none can be read.
  double watts = 0;
};

}  // namespace slovo
