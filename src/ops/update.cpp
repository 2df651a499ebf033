#include "ops/update.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/rng.h"
#include "kernels/adamw.h"
#include "ops/dispatch.h"

namespace slovo::ops {
namespace {

constexpr int64_t kWord = 0xFFFFFFFF;

at::Tensor product(const at::Tensor& x, int64_t factor) { return (x * factor).bitwise_and(kWord); }
at::Tensor shifted(const at::Tensor& x, int64_t bits) {
  return x.bitwise_xor(at::bitwise_right_shift(x, bits));
}

/// The kernels' mixing function on 32 bits held in int64.
at::Tensor mixed(const at::Tensor& x) {
  return shifted(product(shifted(product(shifted(x, 16), 0x7FEB352D), 15), 0x846CA68B), 16);
}

}  // namespace

at::Tensor squared_norm(const at::Tensor& grad) {
  if (!detail::use_fast(grad)) return grad.square().sum(at::kDouble);
  SLOVO_CHECK(grad.is_contiguous() && grad.scalar_type() == at::kFloat, "flat fp32");
  const int64_t blocks = (grad.numel() + detail::kUpdateBlock - 1) / detail::kUpdateBlock;
  std::vector<double> parts(static_cast<size_t>(blocks));
  const auto* data = grad.const_data_ptr<float>();
  at::parallel_for(0, blocks, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = i * detail::kUpdateBlock;
      parts[static_cast<size_t>(i)] =
          kernels::squared_norm(data + begin, std::min(detail::kUpdateBlock, grad.numel() - begin));
    }
  });
  double total = 0;
  for (const double part : parts) total += part;
  return at::scalar_tensor(total, at::kDouble);
}

namespace detail {

void check_update(const UpdateBuffers& buffers, const at::Tensor& moment) {
  const int64_t count = buffers.master.numel();
  for (const at::Tensor& buffer : {buffers.master, buffers.grad}) {
    SLOVO_CHECK(
        buffer.is_contiguous() && buffer.numel() == count && buffer.scalar_type() == at::kFloat,
        "flat fp32");
  }
  SLOVO_CHECK(moment.is_contiguous() && moment.numel() == count &&
                  (moment.scalar_type() == at::kFloat || moment.scalar_type() == at::kBFloat16),
              "a flat moment");
  const at::Tensor& compute = buffers.compute;
  SLOVO_CHECK(!compute.defined() || (compute.is_contiguous() && compute.numel() == count &&
                                     compute.scalar_type() == at::kBFloat16),
              "flat bf16");
}

kernels::UpdateRange kernel_range(const UpdateBuffers& buffers, int64_t begin, int64_t count) {
  kernels::UpdateRange out;
  out.count = count;
  out.first = buffers.first + begin;
  out.master = buffers.master.mutable_data_ptr<float>() + begin;
  out.grad = buffers.grad.mutable_data_ptr<float>() + begin;
  if (buffers.compute.defined()) {
    out.copy = static_cast<kernels::Bf16*>(buffers.compute.mutable_data_ptr()) + begin;
  }
  return out;
}

uint32_t rounding_seed(int64_t step, uint64_t moment) {
  return static_cast<uint32_t>(
      random_bits(random_stream("moments"), static_cast<uint64_t>(step), moment));
}

void keep_moment(const at::Tensor& moment, const at::Tensor& values, uint32_t seed, int64_t first) {
  if (moment.scalar_type() == at::kFloat) {
    moment.copy_(values);
    return;
  }
  const at::Tensor place =
      at::arange(first, first + values.numel(), values.options().dtype(at::kLong)).view_as(values);
  const at::Tensor noise =
      mixed(place.bitwise_and(kWord).bitwise_xor(static_cast<int64_t>(seed))).bitwise_and(0xFFFF);
  const at::Tensor bits = values.contiguous().view(at::kInt).add(noise.to(at::kInt));
  moment.copy_(bits.bitwise_and(static_cast<int64_t>(-0x10000)).view(at::kFloat));
}

void apply_move(const UpdateBuffers& buffers, const at::Tensor& move, double decay, bool cautious) {
  const at::Tensor& master = buffers.master;
  if (cautious) {
    master.mul_(at::where(master.mul(move).ge(0), decay, 1.0).to(at::kFloat));
  } else {
    master.mul_(decay);
  }
  master.sub_(move);
  if (buffers.compute.defined()) buffers.compute.copy_(master);
  buffers.grad.zero_();
}

}  // namespace detail
}  // namespace slovo::ops
