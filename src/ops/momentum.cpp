#include "ops/momentum.h"

#include <ATen/ATen.h>

#include "kernels/momentum.h"
#include "ops/dispatch.h"

namespace slovo::ops {
namespace {

void reference_lion(const UpdateBuffers& b, const at::Tensor& m, const LionOptions& o) {
  const at::Tensor grad = b.grad * o.grad_scale;
  const at::Tensor before = m.to(at::kFloat);
  const at::Tensor move = before.lerp(grad, 1 - o.beta1).sign() * o.lr;
  detail::keep_moment(m, before.lerp(grad, 1 - o.beta2), detail::rounding_seed(o.step, 0), b.first);
  detail::apply_move(b, move, 1 - o.lr * o.weight_decay, o.cautious);
}

void reference_sgd(const UpdateBuffers& b, const at::Tensor& m, const SgdOptions& o) {
  const at::Tensor grad = b.grad * o.grad_scale + b.master * o.weight_decay;
  const at::Tensor moment = m.to(at::kFloat) * o.momentum + grad;
  detail::keep_moment(m, moment, detail::rounding_seed(o.step, 0), b.first);
  detail::apply_move(b, moment * o.lr, /*decay=*/1, /*cautious=*/false);
}

}  // namespace

void lion_step(const UpdateBuffers& buffers, const at::Tensor& m, const LionOptions& o) {
  at::NoGradGuard no_grad;
  detail::check_update(buffers, m);
  if (!detail::use_fast(buffers.master)) return reference_lion(buffers, m, o);
  const auto f = [](double x) { return static_cast<float>(x); };
  const kernels::LionFactors factors{
      f(o.grad_scale), f(1 - o.lr * o.weight_decay),    o.cautious, f(1 - o.beta1), f(1 - o.beta2),
      f(o.lr),         detail::rounding_seed(o.step, 0)};
  detail::with_elements(m, [&](auto* moment) {
    detail::update_blocks(
        buffers, moment, decltype(moment){nullptr},
        [&](const auto& range, auto* at, auto*) { kernels::lion(factors, range, at); });
  });
}

void sgd_step(const UpdateBuffers& buffers, const at::Tensor& m, const SgdOptions& o) {
  at::NoGradGuard no_grad;
  detail::check_update(buffers, m);
  if (!detail::use_fast(buffers.master)) return reference_sgd(buffers, m, o);
  const auto f = [](double x) { return static_cast<float>(x); };
  const kernels::SgdFactors factors{f(o.grad_scale), f(o.weight_decay), f(o.momentum), f(o.lr),
                                    detail::rounding_seed(o.step, 0)};
  detail::with_elements(m, [&](auto* moment) {
    detail::update_blocks(
        buffers, moment, decltype(moment){nullptr},
        [&](const auto& range, auto* at, auto*) { kernels::sgd(factors, range, at); });
  });
}

}  // namespace slovo::ops
