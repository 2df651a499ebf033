// Elements dropped by numbers that depend on their place alone.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "core/rng.h"
#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// 0 or 1 / (1 - rate) for each of `count` elements, fp32. One drawing of 64 bits serves four.
Tensor factors(int64_t count, double rate, uint64_t seed, uint64_t stream) {
  constexpr int64_t kPerDraw = 4;
  const auto bound = static_cast<uint64_t>(std::llround(rate * 0x1p16));
  const auto kept = static_cast<float>(1 / (1 - rate));
  Tensor out = at::empty({(count + kPerDraw - 1) / kPerDraw * kPerDraw}, at::kFloat);
  auto* const to = out.mutable_data_ptr<float>();
  detail::for_range(out.size(0) / kPerDraw, 4 * kPerDraw, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const uint64_t bits = random_bits(seed, stream, static_cast<uint64_t>(i));
      for (int64_t j = 0; j < kPerDraw; ++j) {
        to[i * kPerDraw + j] = (bits >> (16 * j) & 0xFFFF) < bound ? 0.0F : kept;
      }
    }
  });
  return out.narrow(0, 0, count);
}

Tensor drop(const Tensor& x, double rate, uint64_t seed, uint64_t stream) {
  const Tensor scale = factors(x.numel(), rate, seed, stream);
  return x * scale.to(x.device(), x.scalar_type()).view(x.sizes());
}

struct Dropout : torch::autograd::Function<Dropout> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, double rate, int64_t seed,
                        int64_t stream) {
    ctx->saved_data["rate"] = rate;
    ctx->saved_data["seed"] = seed;
    ctx->saved_data["stream"] = stream;
    return drop(x, rate, static_cast<uint64_t>(seed), static_cast<uint64_t>(stream));
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    return {drop(gradients[0], ctx->saved_data["rate"].toDouble(),
                 static_cast<uint64_t>(ctx->saved_data["seed"].toInt()),
                 static_cast<uint64_t>(ctx->saved_data["stream"].toInt())),
            Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor dropout(const Tensor& x, double rate, uint64_t seed, uint64_t stream) {
  if (rate == 0) return x;
  return Dropout::apply(x, rate, static_cast<int64_t>(seed), static_cast<int64_t>(stream));
}

}  // namespace slovo::ops
