// Products with a weight matrix.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/rows.h"
#include "ops/dispatch.h"
#include "ops/ops.h"
#include "ops/product.h"
#include "ops/quantized.h"

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

/// y [n,out] += bias + residual; the bias may be undefined.
void add_to_rows(const Tensor& y, const Tensor& bias, const Tensor& residual) {
  const int64_t size = y.size(1);
  detail::by_type(y, [&](auto type) {
    using T = decltype(type);
    detail::for_range(y.size(0), size, [&](int64_t begin, int64_t end) {
      kernels::add_to_rows(
          kernels::AddToRows<T>{end - begin, size, detail::data<T>(y) + begin * size,
                                detail::data<T>(bias), detail::data<T>(residual) + begin * size});
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
    // With a residual, one pass adds both and rounds once.
    const Tensor y = detail::product(rows, weight, residual ? Tensor() : bias);
    if (residual) add_to_rows(y, bias, as_matrix(*residual));
    // A frozen weight's gradient is not computed, and nothing is kept for it.
    ctx->save_for_backward({weight.requires_grad() ? rows : Tensor(), weight, bias});
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
    const Tensor bias_sum =
        bias.defined() && bias.requires_grad() ? detail::weight_gradient(bias) : Tensor();
    if (weight.requires_grad()) {
      detail::add_weight_gradient(grad, saved[0], detail::weight_gradient(weight), bias_sum);
    } else if (bias_sum.defined()) {
      detail::add_bias_gradient(grad, bias_sum);
    }
    const bool residual = ctx->saved_data["residual"].toBool();
    return {x_grad, Tensor(), Tensor(), residual ? gradients[0] : Tensor()};
  }
};

/// Elements of a quantised weight that are given back at once.
constexpr int64_t kWeightElements = int64_t{1} << 22;

/// Calls body(part of the weight in x's dtype, its first row) for pieces of the weight in order.
template <class Body>
void for_pieces(const QuantizedWeight& weight, at::ScalarType dtype, const Body& body) {
  constexpr int64_t kStep = QuantizedMatrix::kStep;
  int64_t first = 0;
  for (const QuantizedMatrix& part : weight.parts()) {
    const int64_t step = std::max<int64_t>(1, kWeightElements / part.columns() / kStep) * kStep;
    for (int64_t begin = 0; begin < part.rows(); begin += step) {
      body(part.read(begin, std::min(step, part.rows() - begin), dtype), first + begin);
    }
    first += part.rows();
  }
}

struct QuantizedLinear : torch::autograd::Function<QuantizedLinear> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const std::optional<Tensor>& bias,
                        const std::optional<Tensor>& residual,
                        const c10::intrusive_ptr<QuantizedWeight>& weight) {
    const Tensor rows = as_matrix(x);
    const Tensor y = at::empty({rows.size(0), weight->rows()}, x.options());
    const bool fast = detail::use_fast(rows);
    for_pieces(*weight, x.scalar_type(), [&](const Tensor& piece, int64_t first) {
      y.narrow(1, first, piece.size(0))
          .copy_(fast ? detail::product(rows, piece) : at::linear(rows, piece));
    });
    ctx->saved_data["weight"] = c10::IValue::make_capsule(weight);
    ctx->saved_data["residual"] = residual.has_value();
    if (bias) y.add_(*bias);
    if (residual) y.add_(as_matrix(*residual));
    std::vector<int64_t> sizes = x.sizes().vec();
    sizes.back() = y.size(1);
    return y.view(sizes);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const bool residual = ctx->saved_data["residual"].toBool();
    return {ctx->needs_input_grad(0) ? input_gradient(ctx, gradients[0]) : Tensor(), Tensor(),
            residual ? gradients[0] : Tensor(), Tensor()};
  }

  /// The sum over all pieces, in fp32.
  static Tensor input_gradient(AutogradContext* ctx, const Tensor& gradient) {
    const auto capsule = ctx->saved_data["weight"].toCapsule();
    const auto& weight = *static_cast<QuantizedWeight*>(capsule.get());
    const Tensor grad = as_matrix(gradient);
    const bool fast = detail::use_fast(grad);
    Tensor sum;
    for_pieces(weight, grad.scalar_type(), [&](const Tensor& piece, int64_t first) {
      const Tensor columns = grad.narrow(1, first, piece.size(0)).contiguous();
      const Tensor part =
          detail::wide(fast ? detail::product_input_gradient(columns, piece) : columns.mm(piece));
      sum = sum.defined() ? sum.add_(part) : part;
    });
    std::vector<int64_t> sizes = gradient.sizes().vec();
    sizes.back() = sum.size(1);
    return sum.to(grad.scalar_type()).view(sizes);
  }
};

}  // namespace

Tensor quantized_linear(const Tensor& x, const c10::intrusive_ptr<QuantizedWeight>& weight,
                        const Tensor& bias, const Tensor& residual) {
  return QuantizedLinear::apply(x, detail::optional(bias), detail::optional(residual), weight);
}

Tensor rescale(const Tensor& x, const Tensor& magnitude, const Tensor& norm) {
  const Tensor factor = detail::wide(detail::collect(magnitude)) / detail::wide(norm);
  return (detail::wide(x) * factor).to(x.scalar_type());
}

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
