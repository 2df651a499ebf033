// Products with a weight matrix.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/rows.h"
#include "ops/dispatch.h"
#include "ops/ops.h"
#include "ops/product.h"

namespace slovo::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor reference_linear(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Tensor& residual) {
  const Tensor bias_or_none = bias.defined() ? detail::collect(bias) : bias;
  const Tensor product = at::linear(x, detail::collect(weight), bias_or_none);
  return residual.defined() ? residual + product : product;
}

Tensor as_matrix(const Tensor& x) { return x.reshape({-1, x.size(-1)}).contiguous(); }

/// y [n,out] += bias + residual.
void add_to_rows(const Tensor& y, const Tensor& bias, const Tensor& residual) {
  const int64_t size = y.size(1);
  detail::by_type(y, [&](auto type) {
    using T = decltype(type);
    const T* const more = detail::data<T>(residual);
    detail::for_range(y.size(0), size, [&](int64_t begin, int64_t end) {
      kernels::add_to_rows(kernels::AddToRows<T>{
          end - begin, size, detail::data<T>(y) + begin * size, detail::data<T>(bias),
          more != nullptr ? more + begin * size : nullptr});
    });
  });
}

void add_bias_gradient(const Tensor& grad, const Tensor& bias) {
  auto* const sums = detail::data<float>(detail::weight_gradient(bias));
  const int64_t size = grad.size(1);
  detail::by_type(grad, [&](auto type) {
    using T = decltype(type);
    detail::sum_blocks(grad.size(0), size, sums, [&](int64_t begin, int64_t end, float* part) {
      kernels::add_column_sums(end - begin, size, size, detail::data<T>(grad) + begin * size, part);
    });
  });
}

struct Linear : torch::autograd::Function<Linear> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                        const std::optional<Tensor>& bias_in,
                        const std::optional<Tensor>& residual) {
    const Tensor bias = bias_in.value_or(Tensor());
    std::vector<int64_t> sizes = x.sizes().vec();
    sizes.back() = weight.size(0);
    const Tensor rows = as_matrix(x);
    const Tensor y = detail::product(rows, weight);
    if (bias.defined() || residual) {
      add_to_rows(y, bias, residual ? as_matrix(*residual) : Tensor());
    }
    ctx->save_for_backward({rows, weight, bias});
    ctx->saved_data["residual"] = residual.has_value();
    return y.view(sizes);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& weight = saved[1];
    const Tensor& bias = saved[2];
    const Tensor grad = as_matrix(gradients[0]);
    Tensor x_grad;
    if (ctx->needs_input_grad(0)) {
      std::vector<int64_t> sizes = gradients[0].sizes().vec();
      sizes.back() = weight.size(1);
      x_grad = detail::product_input_gradient(grad, weight).view(sizes);
    }
    if (weight.requires_grad()) {
      detail::add_weight_gradient(grad, saved[0], detail::weight_gradient(weight));
    }
    if (bias.defined() && bias.requires_grad()) add_bias_gradient(grad, bias);
    const bool residual = ctx->saved_data["residual"].toBool();
    return {x_grad, Tensor(), Tensor(), residual ? gradients[0] : Tensor()};
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual) {
  const bool fast =
      detail::use_fast(x, weight) && (!residual.defined() || detail::use_fast(x, residual));
  return fast ? Linear::apply(x, weight, detail::optional(bias), detail::optional(residual))
              : reference_linear(x, weight, bias, residual);
}

Tensor mix(const Tensor& x, const Tensor& y, const Tensor& scales) {
  const Tensor factors = detail::wide(detail::collect(scales));
  return (detail::wide(x) * factors[0] + detail::wide(y) * factors[1]).to(x.scalar_type());
}

}  // namespace slovo::ops
