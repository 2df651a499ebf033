#include "ops/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"
#include "kernels/adamw.h"
#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

struct Corrections {
  double first, second;
};

Corrections corrections(const AdamWOptions& o) {
  const auto step = static_cast<double>(o.step);
  return {1 - std::pow(o.beta1, step), 1 - std::pow(o.beta2, step)};
}

kernels::AdamWFactors factors(const AdamWOptions& o) {
  const Corrections c = corrections(o);
  const auto f = [](double x) { return static_cast<float>(x); };
  kernels::AdamWFactors out;
  out.grad_scale = f(o.grad_scale);
  out.decay = f(1 - o.lr * o.weight_decay);
  out.cautious = o.cautious;
  out.gain1 = f(1 - o.beta1);
  out.beta2 = f(o.beta2);
  out.gain2 = f(1 - o.beta2);
  out.step_size = f(o.lr / c.first);
  out.root_correction = f(1 / std::sqrt(c.second));
  out.eps = f(o.eps);
  out.m_seed = detail::rounding_seed(o.step, 0);
  out.v_seed = detail::rounding_seed(o.step, 1);
  return out;
}

void reference_step(const UpdateBuffers& b, const at::Tensor& m, const at::Tensor& v,
                    const AdamWOptions& o) {
  at::NoGradGuard no_grad;
  const Corrections c = corrections(o);
  const at::Tensor grad = b.grad * o.grad_scale;
  const at::Tensor first = m.to(at::kFloat).lerp(grad, 1 - o.beta1);
  const at::Tensor second = v.to(at::kFloat) * o.beta2 + (1 - o.beta2) * grad.square();
  const at::Tensor move = first * (o.lr / c.first) / (second.sqrt() / std::sqrt(c.second) + o.eps);
  detail::keep_moment(m, first, detail::rounding_seed(o.step, 0), b.first);
  detail::keep_moment(v, second, detail::rounding_seed(o.step, 1), b.first);
  detail::apply_move(b, move, 1 - o.lr * o.weight_decay, o.cautious);
}

/// The step by LibTorch's fused kernel for GPUs, which has no random rounding and no cautious
/// decay.
void fused_step(const UpdateBuffers& b, const at::Tensor& m, const at::Tensor& v,
                const AdamWOptions& o) {
  at::NoGradGuard no_grad;
  const at::Tensor step = at::full({}, static_cast<double>(o.step), b.master.options());
  if (o.grad_scale != 1) b.grad.mul_(o.grad_scale);
  at::_fused_adamw_({b.master}, {b.grad}, {m}, {v}, {}, {step}, o.lr, o.beta1, o.beta2,
                    o.weight_decay, o.eps, /*amsgrad=*/false, /*maximize=*/false);
  if (b.compute.defined()) b.compute.copy_(b.master);
  b.grad.zero_();
}

bool can_fuse(const UpdateBuffers& b, const at::Tensor& m, const AdamWOptions& o) {
  return b.master.is_cuda() && implementation() == Implementation::fast && !o.cautious &&
         m.scalar_type() == at::kFloat;
}

}  // namespace

void adamw_step(const UpdateBuffers& buffers, const at::Tensor& m, const at::Tensor& v,
                const AdamWOptions& options) {
  detail::check_update(buffers, m);
  detail::check_update(buffers, v);
  SLOVO_CHECK(m.scalar_type() == v.scalar_type(), "moments of one dtype");
  if (can_fuse(buffers, m, options)) return fused_step(buffers, m, v, options);
  if (!detail::use_fast(buffers.master)) return reference_step(buffers, m, v, options);
  const kernels::AdamWFactors f = factors(options);
  detail::with_elements(m, [&](auto* first) {
    auto* second = static_cast<decltype(first)>(v.mutable_data_ptr());
    detail::update_blocks(buffers, first, second, [&](const auto& range, auto* m_at, auto* v_at) {
      kernels::adamw(f, range, m_at, v_at);
    });
  });
}

}  // namespace slovo::ops
