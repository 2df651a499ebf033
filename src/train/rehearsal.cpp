#include "train/rehearsal.h"

#include <ATen/DeviceAccelerator.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <chrono>

#include "core/energy.h"
#include "train/device_memory.h"
#include "train/loop.h"

namespace slovo {
namespace {

/// Counts the bytes of all tensors made and freed on this thread, which is where the backward pass
/// runs on a CPU too.
class TensorBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device device) override {
    if (!device.is_cpu()) return;
    now_ += size;
    peak_ = std::max(peak_, now_);
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t peak() const { return peak_; }

 private:
  int64_t now_ = 0;
  int64_t peak_ = 0;
};

/// The most bytes that tensors made by `work` take at one time.
template <class Work>
int64_t peak_bytes(at::Device device, const Work& work) {
  if (device.is_cpu()) {
    const auto counter = std::make_shared<TensorBytes>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, counter);
    work();
    return counter->peak();
  }
  const int64_t before = memory_in_use(device);
  at::accelerator::resetPeakStats(device.index());
  work();
  return peak_memory(device) - before;
}

constexpr int64_t kTimedSteps = 3;  // at least, after one that warms up
constexpr int64_t kMostSteps = 200;

}  // namespace

int64_t TrainLoop::micro_batch_bytes(const Batch& rows) {
  const int64_t bytes =
      peak_bytes(parameters_.grad().device(), [&] { forward_backward(objective_, rows, 1e-6); });
  parameters_.grad().zero_();
  return bytes;
}

Rehearsal TrainLoop::rehearse(int64_t available, double limit) {
  const StepWork work = objective_.prepare(0);
  const Batch& rows = work.micro_batches.front();
  Rehearsal out;
  out.rows = rows.rows();
  const int64_t one = out.activation_bytes = out.bytes_per_row =
      micro_batch_bytes(rows.slice(0, 1));
  if (out.rows > 1) {
    out.bytes_per_row = micro_batch_bytes(rows.slice(0, 2)) - one;
    out.activation_bytes = one + out.bytes_per_row * (out.rows - 1);
  }
  out.fits = out.activation_bytes <= available;
  if (!out.fits) return out;
  if (out.rows > 2) {
    out.activation_bytes = micro_batch_bytes(rows);
    out.bytes_per_row = std::max<int64_t>(1, (out.activation_bytes - one) / (out.rows - 1));
  }
  std::vector<double> seconds;
  double total = 0;
  make_step();
  read_steps();
  const EnergyMeter meter;
  while ((total < limit || out.steps < kTimedSteps) && out.steps < kMostSteps) {
    make_step();
    seconds.push_back(read_steps().front().seconds);
    total += seconds.back();
    ++out.steps;
  }
  std::nth_element(seconds.begin(), seconds.begin() + seconds.size() / 2, seconds.end());
  out.step_seconds = seconds[seconds.size() / 2];
  out.watts = meter.joules().value_or(0) / total;
  return out;
}

}  // namespace slovo
