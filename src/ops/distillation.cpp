#include "ops/distillation.h"

#include <ATen/ATen.h>

#include "ops/head.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

Tensor capped_logits(const Tensor& hidden, const HeadInput& input) {
  const Tensor logits = detail::wide(detail::head_logits(hidden, input.head));
  return input.softcap > 0 ? softcap(logits, input.softcap) : logits;
}

struct Chunk {
  Tensor losses;    ///< [n], weighted
  Tensor gradient;  ///< [n,V], with respect to the student's logits before the soft cap
};

/// `weights` [n] hold the scale. The gradient with respect to z, where q = softmax(z / T), is T
/// times q - p for KL(p|q), and T times q * (log(q/p) - KL(q|p)) for KL(q|p).
Chunk distil(const Tensor& student, const Tensor& teacher, const Tensor& weights,
             const HeadInput& input, const DistillOptions& options) {
  Tensor words;  // [n,k]
  Tensor z = student, t = teacher;
  if (options.top_k > 0 && options.top_k < teacher.size(1)) {
    words = std::get<1>(teacher.topk(options.top_k, 1));
    z = z.gather(1, words);
    t = t.gather(1, words);
  }
  const Tensor log_q = at::log_softmax(z / options.temperature, 1);
  const Tensor log_p = at::log_softmax(t / options.temperature, 1);
  const Tensor difference = log_q - log_p;
  const bool forward = options.divergence == Divergence::forward_kl;
  const Tensor q = log_q.exp();
  const Tensor divergence =
      forward ? (log_p.exp() * difference).sum(1, true).neg() : (q * difference).sum(1, true);
  Tensor slope = forward ? q - log_p.exp() : q * (difference - divergence);
  slope = slope * (weights * options.temperature).unsqueeze(1);
  if (words.defined()) slope = at::zeros_like(student).scatter_(1, words, slope);
  if (input.softcap > 0) slope.mul_(1 - (student / input.softcap).square());
  const double square = options.temperature * options.temperature;
  return {divergence.squeeze(1) * weights * square, slope};
}

}  // namespace

Tensor linear_distillation(const HeadInput& student, const HeadInput& teacher,
                           const Tensor& weights, double scale, const DistillOptions& options) {
  const bool hidden_needs = detail::needs_grad({student.hidden});
  const bool head_needs = detail::needs_grad({student.head});
  Tensor sum, gradient;
  {
    const at::NoGradGuard no_grad;
    const Tensor rows = weights.nonzero().squeeze(1);
    const Tensor hidden = student.hidden.index_select(0, rows);
    const Tensor taught = teacher.hidden.index_select(0, rows);
    const Tensor scaled =
        weights.index_select(0, rows).to(detail::wide_type(hidden.scalar_type())).mul(scale);
    sum = at::zeros({}, scaled.options());
    const Tensor hidden_grad = at::empty_like(hidden);
    detail::for_chunks(hidden, student.head, [&](int64_t begin, int64_t count) {
      const Tensor part = hidden.narrow(0, begin, count);
      const Chunk chunk = distil(capped_logits(part, student),
                                 capped_logits(taught.narrow(0, begin, count), teacher),
                                 scaled.narrow(0, begin, count), student, options);
      sum.add_(chunk.losses.sum());
      const Tensor slope = chunk.gradient.to(part.scalar_type());
      if (hidden_needs) {
        hidden_grad.narrow(0, begin, count).copy_(detail::hidden_gradient(slope, student.head));
      }
      if (head_needs) detail::add_head_gradient(slope, part, student.head);
    });
    if (hidden_needs) gradient = at::zeros_like(student.hidden).index_copy_(0, rows, hidden_grad);
  }
  return hidden_needs ? detail::Precomputed::apply(student.hidden, sum, gradient) : sum;
}

}  // namespace slovo::ops
