// The forward and backward pass of a micro-batch recorded as a CUDA graph: a GPU that is faster
// than the processor gives it work replays all of it by one call.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "train/objective.h"

namespace slovo {

class StepGraph {
 public:
  /// `objective` must outlive it, be on a CUDA device, and launch the same work for any micro-batch
  /// of one shape, drawing nothing at random. From here on until its end the calling thread's work
  /// goes to a stream of its own, as a recording must.
  StepGraph(Objective& objective, at::Device device);
  ~StepGraph();

  /// As forward_backward(); the result is overwritten by the next call. Recorded is the first shape
  /// of rows that are one document each, after a few passes; other micro-batches are computed as
  /// ever. Throws Error(io) when it cannot be recorded.
  at::Tensor pass(const Batch& micro_batch, double scale);

 private:
  struct Recording;
  bool fits(const Batch& micro_batch) const;
  void record(const Batch& micro_batch);
  void replay(const Batch& micro_batch, double scale);

  Objective& objective_;
  at::Device device_;
  int64_t passes_ = 0;  ///< of the shape that is recorded
  Batch inputs_;        ///< what the recording reads; undefined before the first such pass
  at::Tensor loss_;     ///< what it writes
  std::unique_ptr<Recording> recording_;
};

}  // namespace slovo
