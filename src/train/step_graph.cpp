#include "train/step_graph.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/log.h"

#ifdef SLOVO_CUDA_GRAPHS
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace slovo {
namespace {

/// Passes before the recording, in which libraries prepare themselves and caches are filled.
constexpr int64_t kPassesBefore = 3;

}  // namespace

#ifdef SLOVO_CUDA_GRAPHS

struct StepGraph::Recording {
  explicit Recording(at::Device device)
      : stream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index())) {}
  c10::cuda::CUDAStreamGuard stream;
  at::cuda::CUDAGraph graph;
  /// Leaves the stream usable after an error in the middle.
  void abandon() {
    try {
      graph.capture_end();
    } catch (const c10::Error&) {  // says again that the recording has failed
    }
  }
};

StepGraph::StepGraph(Objective& objective, at::Device device)
    : objective_(objective), device_(device) {
  c10::cuda::device_synchronize();  // what was begun on the stream before is there to be read
  recording_ = std::make_unique<Recording>(device);
}

StepGraph::~StepGraph() {
  try {
    c10::cuda::device_synchronize();
  } catch (const c10::Error&) {  // what has failed on the GPU was thrown where it was used
  }
}

void StepGraph::record(const Batch& micro_batch) {
  inputs_ = micro_batch.to(device_);
  c10::cuda::device_synchronize();
  try {
    recording_->graph.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
    // The scale is a number of the step: it goes into the weights, which the recording reads.
    loss_ = forward_backward(objective_, inputs_, 1);
    recording_->graph.capture_end();
  } catch (const c10::Error& error) {
    recording_->abandon();
    throw_io("the step cannot be recorded as a CUDA graph (", error.what_without_backtrace(),
             "); train with --train.cuda_graph=false");
  }
  log::debug("recorded the forward and backward pass as a CUDA graph");
}

void StepGraph::replay(const Batch& micro_batch, double scale) {
  const Batch batch = micro_batch.to(device_);
  inputs_.ids_BT.copy_(batch.ids_BT);
  inputs_.targets_BT.copy_(batch.targets_BT);
  inputs_.weights_BT.copy_(batch.weights_BT).mul_(scale);
  inputs_.positions_BT.copy_(batch.positions_BT);
  recording_->graph.replay();
}

#else

struct StepGraph::Recording {};

StepGraph::StepGraph(Objective& objective, at::Device device)
    : objective_(objective), device_(device) {
  throw_config(
      "train.cuda_graph=true: this program was built without CUDA graphs, since libcudart or the "
      "toolkit's crt/host_config.h was not found; use train.cuda_graph=false, or build it where "
      "/usr/local/cuda/include is");
}
StepGraph::~StepGraph() = default;
void StepGraph::record(const Batch&) {}
void StepGraph::replay(const Batch&, double) {}

#endif

bool StepGraph::fits(const Batch& micro_batch) const {
  return micro_batch.segments.whole_rows() &&
         (!inputs_.ids_BT.defined() || inputs_.ids_BT.sizes() == micro_batch.ids_BT.sizes());
}

at::Tensor StepGraph::pass(const Batch& micro_batch, double scale) {
  if (!fits(micro_batch)) return forward_backward(objective_, micro_batch, scale);
  if (!inputs_.ids_BT.defined()) inputs_ = micro_batch;  // its shape is the one that is recorded
  if (passes_++ < kPassesBefore) return forward_backward(objective_, micro_batch, scale);
  if (!loss_.defined()) record(micro_batch);
  replay(micro_batch, scale);
  return loss_;
}

}  // namespace slovo
