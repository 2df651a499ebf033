// Normalisation over the last dimension.
#include "kernels/norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using detail::collect;
using detail::data;
using detail::wide;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor reference_rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const Tensor wide_x = wide(x);
  const Tensor scale = (wide_x.square().mean(-1, /*keepdim=*/true) + eps).rsqrt();
  return (wide_x * scale * wide(collect(weight))).to(x.scalar_type());
}

Tensor reference_layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  const Tensor wide_bias = bias.defined() ? wide(collect(bias)) : bias;
  return at::layer_norm(wide(x), {x.size(-1)}, wide(collect(weight)), wide_bias, eps)
      .to(x.scalar_type());
}

/// mean is undefined for RMSNorm.
struct Statistics {
  Tensor mean, inverse;
};

Tensor fast_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps,
                    const Statistics& statistics) {
  Tensor y = at::empty_like(x);
  const int64_t size = x.size(-1);
  detail::by_type(x, [&](auto type) {
    using T = decltype(type);
    auto* const mean = data<float>(statistics.mean);
    detail::for_range(x.numel() / size, size, [&](int64_t begin, int64_t end) {
      kernels::norm_forward(kernels::NormForward<T>{
          end - begin, size, static_cast<float>(eps), data<T>(x) + begin * size, data<T>(weight),
          data<T>(bias), data<T>(y) + begin * size, mean != nullptr ? mean + begin : nullptr,
          data<float>(statistics.inverse) + begin});
    });
  });
  return y;
}

/// The gradient of x, with the skip's; the weights' are added where they belong.
Tensor fast_backward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                     const Statistics& statistics, const Tensor& y_grad, const Tensor& skip_grad) {
  Tensor x_grad = at::empty_like(x);
  const int64_t size = x.size(-1);
  const int64_t rows = x.numel() / size;
  // The weight's sums, and behind them the bias's.
  const Tensor sums = at::zeros({2, size}, x.options().dtype(at::kFloat));
  const auto collects = [](const Tensor& w) { return w.defined() && w.requires_grad(); };
  const bool weight_wanted = collects(weight);
  const bool bias_wanted = collects(bias);
  detail::by_type(x, [&](auto type) {
    using T = decltype(type);
    const auto* const mean = data<float>(statistics.mean);
    const auto* const skip = data<T>(skip_grad);
    detail::sum_blocks(
        rows, 2 * size, weight_wanted || bias_wanted ? data<float>(sums) : nullptr,
        [&](int64_t begin, int64_t end, float* part) {
          kernels::norm_backward(kernels::NormBackward<T>{
              end - begin, size, data<T>(x) + begin * size, data<T>(weight),
              data<T>(y_grad) + begin * size, skip != nullptr ? skip + begin * size : nullptr,
              mean != nullptr ? mean + begin : nullptr, data<float>(statistics.inverse) + begin,
              data<T>(x_grad) + begin * size, weight_wanted ? part : nullptr,
              bias_wanted ? part + size : nullptr});
        });
  });
  detail::add_gradient(weight, sums[0]);
  detail::add_gradient(bias, sums[1]);
  return x_grad;
}

struct Norm : torch::autograd::Function<Norm> {
  /// Gives {y} or, with `fork`, {y, x}.
  static variable_list forward(AutogradContext* ctx, const Tensor& x_in, const Tensor& weight,
                               const std::optional<Tensor>& bias_in, double eps, bool rms,
                               bool fork) {
    const Tensor bias = bias_in.value_or(Tensor());
    const Tensor x = x_in.contiguous();
    const auto options = x.options().dtype(at::kFloat);
    const int64_t rows = x.numel() / x.size(-1);
    const Statistics statistics{rms ? Tensor() : at::empty({rows}, options),
                                at::empty({rows}, options)};
    Tensor y = fast_forward(x, weight, bias, eps, statistics);
    ctx->save_for_backward({x, weight, bias, statistics.mean, statistics.inverse});
    return fork ? variable_list{y, x.alias()} : variable_list{y};
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& y_grad = gradients[0];
    const Tensor skip_grad = gradients.size() > 1 ? gradients[1] : Tensor();
    Tensor x_grad = skip_grad;
    if (y_grad.defined()) {
      x_grad =
          fast_backward(saved[0], saved[1], saved[2], {saved[3], saved[4]}, y_grad.contiguous(),
                        skip_grad.defined() ? skip_grad.contiguous() : skip_grad);
    }
    return {x_grad, Tensor(), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  if (!detail::use_fast(x, weight)) return reference_rms_norm(x, weight, eps);
  return Norm::apply(x, weight, std::nullopt, eps, /*rms=*/true, /*fork=*/false)[0];
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  if (!detail::use_fast(x, weight)) return reference_layer_norm(x, weight, bias, eps);
  return Norm::apply(x, weight, detail::optional(bias), eps, /*rms=*/false, /*fork=*/false)[0];
}

Fork rms_norm_fork(const Tensor& x, const Tensor& weight, double eps) {
  if (!detail::use_fast(x, weight)) return {reference_rms_norm(x, weight, eps), x};
  const variable_list out = Norm::apply(x, weight, std::nullopt, eps, /*rms=*/true, /*fork=*/true);
  return {out[0], out[1]};
}

Fork layer_norm_fork(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  if (!detail::use_fast(x, weight)) return {reference_layer_norm(x, weight, bias, eps), x};
  const variable_list out =
      Norm::apply(x, weight, detail::optional(bias), eps, /*rms=*/false, /*fork=*/true);
  return {out[0], out[1]};
}

}  // namespace slovo::ops
