// Rows of a table, and their gradient summed in fp32.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/rows.h"
#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Threads share the columns out, so that no two write to one row's element.
void fast_add_rows(const Tensor& sum, const Tensor& ids, const Tensor& rows) {
  const int64_t width = sum.size(1);
  detail::by_type(rows, [&](auto type) {
    using T = decltype(type);
    detail::for_range(width, ids.numel(), [&](int64_t begin, int64_t end) {
      kernels::add_rows(ids.numel(), end - begin, width, detail::data<int64_t>(ids),
                        detail::data<T>(rows) + begin, detail::data<float>(sum) + begin);
    });
  });
}

struct Embedding : torch::autograd::Function<Embedding> {
  static Tensor forward(AutogradContext* ctx, const Tensor& ids, const Tensor& weight) {
    ctx->save_for_backward({ids, weight});
    return at::embedding(weight, ids);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& weight = saved[1];
    Tensor& sum = detail::weight_gradient(weight);
    const Tensor rows = gradients[0].reshape({-1, weight.size(1)});
    const Tensor ids = saved[0].reshape({-1});
    at::NoGradGuard no_grad;
    if (detail::use_fast(rows)) {
      fast_add_rows(sum, ids.contiguous(), rows.contiguous());
    } else {
      sum.index_add_(0, ids, rows.to(sum.scalar_type()));
    }
    return {Tensor(), Tensor()};
  }
};

}  // namespace

Tensor embedding(const Tensor& ids, const Tensor& weight) {
  return detail::needs_grad({weight}) ? Embedding::apply(ids, weight) : at::embedding(weight, ids);
}

}  // namespace slovo::ops
