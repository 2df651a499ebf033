// Working memory of one thread, kept between calls: kernels run in loops of equal shapes.
#pragma once

#include <hwy/aligned_allocator.h>

#include <cstddef>

namespace slovo::kernels {

/// Hands out aligned pieces of one block that grows to the largest call.
class Scratch {
 public:
  /// This thread's, with room for `floats` in all; what was taken before is void.
  static Scratch& for_thread(size_t floats) {
    thread_local Scratch scratch;
    if (floats > scratch.size_) {
      scratch.block_ = hwy::AllocateAligned<float>(floats);
      scratch.size_ = floats;
    }
    scratch.used_ = 0;
    return scratch;
  }
  /// What `take(floats)` uses up.
  static size_t rounded(size_t floats) { return (floats + 31) / 32 * 32; }
  float* take(size_t floats) {
    float* const out = block_.get() + used_;
    used_ += rounded(floats);
    return out;
  }

 private:
  hwy::AlignedFreeUniquePtr<float[]> block_;
  size_t size_ = 0;
  size_t used_ = 0;
};

}  // namespace slovo::kernels
