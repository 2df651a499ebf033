// The non-linear functions between the two products of an MLP.
#include "kernels/activation.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using kernels::Activation;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// y_grad undefined: the function of x; else the gradient of x.
Tensor pass(Activation kind, const Tensor& x, const Tensor& y_grad) {
  const bool gated = kind == Activation::swiglu;
  std::vector<int64_t> sizes = x.sizes().vec();
  if (gated && !y_grad.defined()) sizes.back() /= 2;
  Tensor out = at::empty(sizes, x.options());
  const int64_t size = gated ? x.size(-1) / 2 : x.size(-1);
  const int64_t in_size = x.size(-1);
  const int64_t out_size = sizes.back();
  detail::by_type(x, [&](auto type) {
    using T = decltype(type);
    const T* const grad = detail::data<T>(y_grad);
    detail::for_range(x.numel() / in_size, 4 * in_size, [&](int64_t begin, int64_t end) {
      kernels::activate(kernels::ActivationPass<T>{kind, end - begin, size,
                                                   detail::data<T>(x) + begin * in_size,
                                                   grad != nullptr ? grad + begin * size : nullptr,
                                                   detail::data<T>(out) + begin * out_size});
    });
  });
  return out;
}

struct Activate : torch::autograd::Function<Activate> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x_in, int64_t kind) {
    const Tensor x = x_in.contiguous();
    ctx->save_for_backward({x});
    ctx->saved_data["kind"] = kind;
    return pass(static_cast<Activation>(kind), x, {});
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const auto kind = static_cast<Activation>(ctx->saved_data["kind"].toInt());
    return {pass(kind, ctx->get_saved_variables()[0], gradients[0].contiguous()), Tensor()};
  }
};

Tensor fast(Activation kind, const Tensor& x) {
  return Activate::apply(x, static_cast<int64_t>(kind));
}

}  // namespace

Tensor swiglu(const Tensor& x) {
  if (detail::use_fast(x)) return fast(Activation::swiglu, x);
  const std::vector<Tensor> halves = x.chunk(2, -1);
  return at::silu(halves[0]) * halves[1];
}

Tensor gelu(const Tensor& x) { return at::gelu(x); }

Tensor gelu_tanh(const Tensor& x) {
  return detail::use_fast(x) ? fast(Activation::gelu_tanh, x) : at::gelu(x, "tanh");
}

Tensor relu2(const Tensor& x) {
  return detail::use_fast(x) ? fast(Activation::relu2, x) : at::relu(x).square();
}

}  // namespace slovo::ops
