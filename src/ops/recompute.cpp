#include "ops/recompute.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/dispatch.h"

namespace slovo::ops {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The body as autograd's context can hold it.
struct Body : torch::CustomClassHolder {
  std::function<Tensor(const Tensor&)> function;
  explicit Body(std::function<Tensor(const Tensor&)> f) : function(std::move(f)) {}
};

struct Recompute : torch::autograd::Function<Recompute> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x,
                        const c10::intrusive_ptr<Body>& body) {
    ctx->save_for_backward({x});
    ctx->saved_data["body"] = c10::IValue::make_capsule(body);
    return body->function(x);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const auto capsule = ctx->saved_data["body"].toCapsule();
    const at::AutoGradMode record(true);
    const Tensor x = ctx->get_saved_variables()[0].detach().requires_grad_();
    const Tensor y = static_cast<Body*>(capsule.get())->function(x);
    torch::autograd::backward({y}, {gradients[0]});
    return {x.grad(), Tensor()};
  }
};

}  // namespace

Tensor recompute(const std::function<Tensor(const Tensor&)>& body, const Tensor& x) {
  if (!detail::needs_grad({x})) return body(x);
  return Recompute::apply(x, c10::make_intrusive<Body>(body));
}

}  // namespace slovo::ops
