// Rows of a table, and their gradient summed in fp32.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Embedding : torch::autograd::Function<Embedding> {
  static Tensor forward(AutogradContext* ctx, const Tensor& ids, const Tensor& weight) {
    ctx->save_for_backward({ids, weight});
    return at::embedding(weight, ids);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& weight = saved[1];
    Tensor& sum = detail::weight_gradient(weight);
    const Tensor rows = gradients[0].reshape({-1, weight.size(1)}).to(sum.scalar_type());
    at::NoGradGuard no_grad;
    sum.index_add_(0, saved[0].reshape({-1}), rows);
    return {Tensor(), Tensor()};
  }
};

}  // namespace

Tensor embedding(const Tensor& ids, const Tensor& weight) {
  return detail::needs_grad({weight}) ? Embedding::apply(ids, weight) : at::embedding(weight, ids);
}

}  // namespace slovo::ops
