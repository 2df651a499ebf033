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
  Recomputed function;
  explicit Body(Recomputed f) : function(std::move(f)) {}
};

struct Recompute : torch::autograd::Function<Recompute> {
  /// `anchor` requires a gradient where x and y do not (their model's first weights are frozen):
  /// the body's own weights may, so that the result must.
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& y, const Tensor&,
                        const c10::intrusive_ptr<Body>& body) {
    ctx->save_for_backward({x, y});
    ctx->saved_data["body"] = c10::IValue::make_capsule(body);
    return body->function(x, y);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const auto capsule = ctx->saved_data["body"].toCapsule();
    const at::AutoGradMode record(true);
    const variable_list saved = ctx->get_saved_variables();
    const Tensor x = saved[0].detach().requires_grad_(ctx->needs_input_grad(0));
    const Tensor y = saved[1].detach().requires_grad_(ctx->needs_input_grad(1));
    const Tensor out = static_cast<Body*>(capsule.get())->function(x, y);
    if (out.requires_grad()) torch::autograd::backward({out}, {gradients[0]});
    return {x.grad(), y.grad(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor recompute(const Recomputed& body, const Tensor& x, const Tensor& y) {
  if (!at::GradMode::is_enabled()) return body(x, y);
  const Tensor anchor = at::empty({0}, x.options()).requires_grad_(!detail::needs_grad({x, y}));
  return Recompute::apply(x, y, anchor, c10::make_intrusive<Body>(body));
}

}  // namespace slovo::ops
