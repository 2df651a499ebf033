#include "ops/adamw.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "core/error.h"
#include "kernels/adamw.h"
#include "ops/dispatch.h"

namespace slovo::ops {
namespace {

/// Elements a thread takes at a time: fixed, so that sums do not depend on the number of threads.
constexpr int64_t kBlock = int64_t{1} << 16;

int64_t block_count(const at::Tensor& flat) { return (flat.numel() + kBlock - 1) / kBlock; }

kernels::AdamWFactors factors(const AdamWOptions& o) {
  const auto step = static_cast<double>(o.step);
  const double correction1 = 1 - std::pow(o.beta1, step);
  const double correction2 = 1 - std::pow(o.beta2, step);
  const auto f = [](double x) { return static_cast<float>(x); };
  return {f(o.grad_scale),
          f(1 - o.lr * o.weight_decay),
          f(1 - o.beta1),
          f(o.beta2),
          f(1 - o.beta2),
          f(o.lr / correction1),
          f(1 / std::sqrt(correction2)),
          f(o.eps)};
}

void reference_step(const at::Tensor& master, const at::Tensor& grad, const at::Tensor& m,
                    const at::Tensor& v, const at::Tensor& compute, const AdamWOptions& o) {
  at::NoGradGuard no_grad;
  if (o.grad_scale != 1) grad.mul_(o.grad_scale);
  const at::Tensor step = at::full({}, static_cast<double>(o.step), master.options());
  at::_fused_adamw_({master}, {grad}, {m}, {v}, {}, {step}, o.lr, o.beta1, o.beta2, o.weight_decay,
                    o.eps,
                    /*amsgrad=*/false, /*maximize=*/false);
  if (compute.defined()) compute.copy_(master);
  grad.zero_();
}

}  // namespace

void adamw_step(const at::Tensor& master, const at::Tensor& grad, const at::Tensor& m,
                const at::Tensor& v, const at::Tensor& compute, const AdamWOptions& options) {
  if (!detail::use_fast(master)) return reference_step(master, grad, m, v, compute, options);
  const int64_t count = master.numel();
  for (const at::Tensor& buffer : {master, grad, m, v}) {
    SLOVO_CHECK(
        buffer.is_contiguous() && buffer.numel() == count && buffer.scalar_type() == at::kFloat,
        "flat fp32");
  }
  SLOVO_CHECK(!compute.defined() || (compute.is_contiguous() && compute.numel() == count &&
                                     compute.scalar_type() == at::kBFloat16),
              "flat bf16");
  auto* copy =
      compute.defined() ? static_cast<kernels::Bf16*>(compute.mutable_data_ptr()) : nullptr;
  const kernels::AdamWFactors f = factors(options);
  auto* const master_data = master.mutable_data_ptr<float>();
  auto* const grad_data = grad.mutable_data_ptr<float>();
  auto* const m_data = m.mutable_data_ptr<float>();
  auto* const v_data = v.mutable_data_ptr<float>();
  at::parallel_for(0, block_count(master), 1, [&](int64_t first, int64_t last) {
    const int64_t begin = first * kBlock;
    const int64_t n = std::min(last * kBlock, count) - begin;
    kernels::adamw(f, n, master_data + begin, grad_data + begin, m_data + begin, v_data + begin,
                   copy != nullptr ? copy + begin : nullptr);
  });
}

double squared_norm(const at::Tensor& grad) {
  if (!detail::use_fast(grad)) return grad.square().sum(at::kDouble).item<double>();
  SLOVO_CHECK(grad.is_contiguous() && grad.scalar_type() == at::kFloat, "flat fp32");
  std::vector<double> parts(static_cast<size_t>(block_count(grad)));
  const auto* data = grad.const_data_ptr<float>();
  at::parallel_for(0, block_count(grad), 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = i * kBlock;
      parts[static_cast<size_t>(i)] =
          kernels::squared_norm(data + begin, std::min(kBlock, grad.numel() - begin));
    }
  });
  double total = 0;
  for (const double part : parts) total += part;
  return total;
}

}  // namespace slovo::ops
