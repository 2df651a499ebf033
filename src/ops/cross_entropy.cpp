// The head's product and the softmax over the vocabulary, in chunks of rows: [N,V] never exists.
#include "kernels/cross_entropy.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/dispatch.h"
#include "ops/head.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using detail::add_head_gradient;
using detail::for_chunks;
using detail::head_logits;
using detail::hidden_gradient;
using detail::Precomputed;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Rows [n] of one chunk: targets int64, weights fp32 (fp64 for fp64) with the scale in them.
struct ChunkRows {
  Tensor targets, weights;
};

/// What a row's loss is multiplied by, and its gradient as a multiple of that of -log p.
struct RowFactors {
  Tensor losses, weights;
  Tensor plain;  ///< 1 where the loss is the plain one, with its further terms
};

/// `plain_losses` [n] without weights, `log_p` [n].
RowFactors weigh_rows(const Tensor& plain_losses, const Tensor& log_p, const Tensor& weights,
                      const LossOptions& options) {
  const Tensor factors = options.dft ? weights * log_p.exp() : weights;
  RowFactors out{plain_losses * factors, factors, at::ones_like(weights)};
  if (!options.unlikelihood) return out;
  const Tensor unlearned = weights < 0;
  const Tensor rest = log_p.expm1().neg().clamp_min(kernels::kLeastRest);
  out.losses = at::where(unlearned, weights * rest.log(), out.losses);
  out.weights = at::where(unlearned, weights * log_p.exp() / rest, out.weights);
  out.plain.masked_fill_(unlearned, 0);
  return out;
}

/// The weighted losses [n]; with `gradient`, logits become the gradient with respect to themselves.
Tensor reference_row_losses(Tensor& logits, const ChunkRows& rows, bool gradient,
                            const LossOptions& options) {
  const Tensor wide = detail::wide(logits);
  const Tensor capped = options.softcap > 0 ? softcap(wide, options.softcap) : wide;
  const Tensor log_sum = capped.logsumexp(-1, /*keepdim=*/true);
  const Tensor log_probs = capped - log_sum;
  const Tensor ids = rows.targets.unsqueeze(1);
  const Tensor log_p = log_probs.gather(1, ids);
  const Tensor losses = log_p.mul(options.label_smoothing - 1)
                            .sub(log_probs.mean(-1, true).mul(options.label_smoothing))
                            .add(log_sum.square().mul(options.z_loss));
  const RowFactors factors = weigh_rows(losses.squeeze(1), log_p.squeeze(1), rows.weights, options);
  if (gradient) {
    const Tensor plain = factors.plain.unsqueeze(1);
    const Tensor smoothing = plain * options.label_smoothing;
    Tensor slope = log_probs.exp().mul(log_sum.mul(2 * options.z_loss).mul(plain).add(1));
    slope.sub_(smoothing / static_cast<double>(logits.size(1)));
    slope.scatter_add_(1, ids, smoothing - 1);
    if (options.softcap > 0) slope.mul_(1 - (capped / options.softcap).square());
    logits = slope.mul_(factors.weights.unsqueeze(1)).to(logits.scalar_type());
  }
  return factors.losses;
}

Tensor fast_row_losses(const Tensor& logits, const ChunkRows& rows, bool gradient,
                       const LossOptions& options) {
  Tensor losses = at::empty_like(rows.weights);
  const int64_t size = logits.size(1);
  detail::by_type(logits, [&](auto type) {
    using T = decltype(type);
    detail::for_range(logits.size(0), 4 * size, [&](int64_t begin, int64_t end) {
      kernels::cross_entropy(kernels::CrossEntropy<T>{
          end - begin, size, detail::data<T>(logits) + begin * size,
          detail::data<int64_t>(rows.targets) + begin, detail::data<float>(rows.weights) + begin,
          detail::data<float>(losses) + begin, gradient, static_cast<float>(options.softcap),
          static_cast<float>(options.z_loss), static_cast<float>(options.label_smoothing),
          options.dft, options.unlikelihood});
    });
  });
  return losses;
}

Tensor row_losses(Tensor& logits, const ChunkRows& rows, bool gradient,
                  const LossOptions& options) {
  return detail::use_fast(logits) ? fast_row_losses(logits, rows, gradient, options)
                                  : reference_row_losses(logits, rows, gradient, options);
}

struct Loss {
  Tensor sum;          ///< scalar, fp32
  Tensor hidden_grad;  ///< [n,C], defined when asked for
};

/// hidden [n,C]; `rows` of all n.
Loss chunked_loss(const Tensor& hidden, const Tensor& head, const ChunkRows& rows,
                  bool hidden_needs, bool head_needs, const LossOptions& options) {
  Loss out{at::zeros({}, rows.weights.options()), {}};
  if (hidden_needs) out.hidden_grad = at::empty_like(hidden);
  for_chunks(hidden, head, [&](int64_t begin, int64_t count) {
    const Tensor part = hidden.narrow(0, begin, count);
    const ChunkRows chunk{rows.targets.narrow(0, begin, count),
                          rows.weights.narrow(0, begin, count)};
    Tensor logits = head_logits(part, head);
    out.sum.add_(row_losses(logits, chunk, hidden_needs || head_needs, options).sum());
    if (hidden_needs) out.hidden_grad.narrow(0, begin, count).copy_(hidden_gradient(logits, head));
    if (head_needs) add_head_gradient(logits, part, head);
  });
  return out;
}

/// Log-probabilities of the targets of one chunk; sets `greedy` where it is not null.
Tensor chunk_log_probs(const Tensor& rows, const Tensor& head, const Tensor& ids, double cap,
                       Tensor* greedy) {
  Tensor logits = detail::wide(head_logits(rows, head));
  if (cap > 0) logits = softcap(logits, cap);
  if (greedy != nullptr) *greedy = logits.argmax(-1).eq(ids);
  return at::log_softmax(logits, -1).gather(1, ids.unsqueeze(1)).squeeze(1);
}

Tensor chunked_log_probs(const Tensor& hidden, const Tensor& head, const Tensor& targets,
                         double cap, Tensor* greedy) {
  const auto type = detail::wide_type(hidden.scalar_type());
  Tensor out = at::empty({hidden.size(0)}, hidden.options().dtype(type));
  if (greedy != nullptr) *greedy = at::empty({hidden.size(0)}, hidden.options().dtype(at::kBool));
  for_chunks(hidden, head, [&](int64_t begin, int64_t count) {
    Tensor chunk_greedy;
    out.narrow(0, begin, count)
        .copy_(chunk_log_probs(hidden.narrow(0, begin, count), head,
                               targets.narrow(0, begin, count), cap,
                               greedy ? &chunk_greedy : nullptr));
    if (greedy != nullptr) greedy->narrow(0, begin, count).copy_(chunk_greedy);
  });
  return out;
}

struct LogProbs : torch::autograd::Function<LogProbs> {
  static Tensor forward(AutogradContext* ctx, const Tensor& hidden, const Tensor& head,
                        const Tensor& targets, double cap, Tensor* greedy) {
    ctx->save_for_backward({hidden, head, targets});
    ctx->saved_data["cap"] = cap;
    return chunked_log_probs(hidden, head, targets, cap, greedy);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    at::NoGradGuard no_grad;
    // d log p = -d (-log p): the loss with weights -g.
    const Loss loss =
        chunked_loss(saved[0], saved[1], {saved[2], gradients[0].neg()}, ctx->needs_input_grad(0),
                     saved[1].requires_grad(), {.softcap = ctx->saved_data["cap"].toDouble()});
    return {loss.hidden_grad, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

/// The loss of some rows alone. They are filled up by rows of weight 0, so that there are few
/// different numbers of them: oneDNN prepares, and keeps, a product for each new shape.
Loss loss_of_rows(const Tensor& hidden, const Tensor& head, const ChunkRows& all,
                  const Tensor& rows, bool hidden_needs, bool head_needs,
                  const LossOptions& options) {
  constexpr int64_t kRows = 64;
  const int64_t count = rows.size(0);
  const int64_t more = (count + kRows - 1) / kRows * kRows - count;
  const Tensor index = at::constant_pad_nd(rows, {0, more});
  const Tensor weights = all.weights.index_select(0, index);
  weights.narrow(0, count, more).zero_();
  Loss loss = chunked_loss(hidden.index_select(0, index), head,
                           {all.targets.index_select(0, index), weights}, hidden_needs, head_needs,
                           options);
  if (hidden_needs) {
    loss.hidden_grad =
        at::zeros_like(hidden).index_copy_(0, rows, loss.hidden_grad.narrow(0, 0, count));
  }
  return loss;
}

}  // namespace

Tensor linear_cross_entropy(const Tensor& hidden, const Tensor& head, const Tensor& targets,
                            const Tensor& weights, double scale, const LossOptions& options) {
  const bool hidden_needs = detail::needs_grad({hidden});
  const bool head_needs = detail::needs_grad({head});
  Loss loss;
  {
    at::NoGradGuard no_grad;
    // On a GPU all rows are computed: to learn which are skipped, the processor would have to wait.
    const Tensor rows = weights.is_cpu() ? weights.nonzero().squeeze(1) : Tensor();
    const auto type = detail::wide_type(hidden.scalar_type());
    const Tensor scaled = weights.to(type).mul(scale);
    if (!rows.defined() || rows.size(0) == weights.size(0)) {
      loss = chunked_loss(hidden.contiguous(), head, {targets.contiguous(), scaled}, hidden_needs,
                          head_needs, options);
    } else {
      loss = loss_of_rows(hidden, head, {targets, scaled}, rows, hidden_needs, head_needs, options);
    }
  }
  return hidden_needs ? Precomputed::apply(hidden, loss.sum, loss.hidden_grad) : loss.sum;
}

Tensor softcap(const Tensor& x, double cap) { return (x / cap).tanh() * cap; }

Tensor linear_log_probs(const Tensor& hidden, const Tensor& head, const Tensor& targets, double cap,
                        Tensor* greedy) {
  if (detail::needs_grad({hidden, head}))
    return LogProbs::apply(hidden, head, targets, cap, greedy);
  return chunked_log_probs(hidden, head, targets, cap, greedy);
}

}  // namespace slovo::ops
