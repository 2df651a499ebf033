// What the update rules share: the buffers they work on, how moments are kept, the gradient's norm.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>

#include "kernels/update.h"
#include "ops/dispatch.h"

namespace slovo::ops {

/// Contiguous ranges of the flat buffers, of equal size. A step writes `compute`, the bf16 copy of
/// master, where it is defined, and sets grad to zero.
struct UpdateBuffers {
  at::Tensor master;   ///< fp32
  at::Tensor grad;     ///< fp32
  at::Tensor compute;  ///< bf16 or undefined
  int64_t first = 0;   ///< place of the range in the whole buffer
};

/// Sum of squares of a flat contiguous fp32 buffer, a scalar in fp64 on its device; on a CPU the same
/// bits for any number of threads.
at::Tensor squared_norm(const at::Tensor& grad);

namespace detail {

/// Elements a thread takes at a time: fixed, so that sums do not depend on the number of threads.
constexpr int64_t kUpdateBlock = int64_t{1} << 16;

/// Fails unless the buffers are as described; `moment` is as large, in fp32 or bf16.
void check_update(const UpdateBuffers& buffers, const at::Tensor& moment);
/// The elements [begin, begin + count) for a kernel.
kernels::UpdateRange kernel_range(const UpdateBuffers& buffers, int64_t begin, int64_t count);

/// Of the random rounding of moment number `moment` at a step (kernels/moments-inl.h).
uint32_t rounding_seed(int64_t step, uint64_t moment);
/// moment = values (fp32), rounded as the kernels do where the moment is bf16.
void keep_moment(const at::Tensor& moment, const at::Tensor& values, uint32_t seed, int64_t first);
/// master -= move, after a weight decay by the factor `decay`; then the end of a plain step.
void apply_move(const UpdateBuffers& buffers, const at::Tensor& move, double decay, bool cautious);

/// Calls body(range, moments...) for blocks of the buffers on several threads.
template <class Moment, class Body>
void update_blocks(const UpdateBuffers& buffers, Moment* m, Moment* v, const Body& body) {
  const int64_t count = buffers.master.numel();
  at::parallel_for(0, (count + kUpdateBlock - 1) / kUpdateBlock, 1, [&](int64_t from, int64_t to) {
    const int64_t begin = from * kUpdateBlock;
    const int64_t end = std::min(to * kUpdateBlock, count);
    body(kernel_range(buffers, begin, end - begin), m + begin, v == nullptr ? v : v + begin);
  });
}

/// Calls use(pointer) with the elements of a tensor in fp32 or bf16.
template <class Use>
void with_elements(const at::Tensor& tensor, const Use& use) {
  by_type(tensor, [&](auto type) { use(data<decltype(type)>(tensor)); });
}

}  // namespace detail
}  // namespace slovo::ops
