#include "ops/dispatch.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <atomic>

#include "ops/ops.h"

namespace slovo::ops {
namespace {

std::atomic<Implementation> chosen{Implementation::fast};

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Collect : torch::autograd::Function<Collect> {
  static Tensor forward(AutogradContext* ctx, const Tensor& weight) {
    ctx->save_for_backward({weight});
    return weight.alias();
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    detail::add_gradient(ctx->get_saved_variables()[0], gradients[0]);
    return {Tensor()};
  }
};

}  // namespace

void set_implementation(Implementation implementation) { chosen = implementation; }
Implementation implementation() { return chosen; }

namespace detail {

bool use_fast(const Tensor& x) {
  return chosen == Implementation::fast && x.is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

bool use_fast(const Tensor& x, const Tensor& weight) {
  return use_fast(x) && weight.scalar_type() == x.scalar_type();
}

bool needs_grad(std::initializer_list<Tensor> tensors) {
  if (!at::GradMode::is_enabled()) return false;
  for (const Tensor& tensor : tensors) {
    if (tensor.defined() && tensor.requires_grad()) return true;
  }
  return false;
}

at::ScalarType wide_type(at::ScalarType type) { return type == at::kDouble ? type : at::kFloat; }
Tensor wide(const Tensor& x) { return x.to(wide_type(x.scalar_type())); }

Tensor& weight_gradient(const Tensor& weight) {
  Tensor& gradient = weight.mutable_grad();
  if (!gradient.defined()) {
    gradient = at::zeros(weight.sizes(), weight.options().dtype(wide_type(weight.scalar_type())));
  }
  return gradient;
}

void add_gradient(const Tensor& weight, const Tensor& gradient) {
  if (!weight.defined() || !weight.requires_grad() || !gradient.defined()) return;
  at::NoGradGuard no_grad;
  weight_gradient(weight).add_(gradient);
}

Tensor collect(const Tensor& weight) {
  return needs_grad({weight}) ? Collect::apply(weight) : weight;
}

}  // namespace detail
}  // namespace slovo::ops
