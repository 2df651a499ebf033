// The head's product and the softmax over the vocabulary, in chunks of rows: [N,V] never exists.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"
#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Logits of one chunk, elements. Each chunk costs one pass over the head's gradient, so few are
/// better.
constexpr int64_t kChunkElements = int64_t{1} << 25;

/// Calls body(begin, count) for chunks of the rows, of equal size but for the last.
template <class Body>
void for_chunks(int64_t rows, int64_t vocabulary, const Body& body) {
  const int64_t chunks = (rows * vocabulary + kChunkElements - 1) / kChunkElements;
  const int64_t size = chunks > 0 ? (rows + chunks - 1) / chunks : rows;
  for (int64_t begin = 0; begin < rows; begin += size) body(begin, std::min(size, rows - begin));
}

Tensor head_logits(const Tensor& hidden, const Tensor& head) { return at::linear(hidden, head); }

/// Turns log-probabilities [n,V] into the gradient of sum_n weights[n] * -log p(target) with
/// respect to the logits.
Tensor logit_gradient(Tensor log_probs, const Tensor& targets, const Tensor& weights) {
  Tensor gradient = log_probs.exp_();
  const Tensor ones = at::ones({targets.size(0), 1}, gradient.options());
  gradient.scatter_add_(1, targets.unsqueeze(1), ones.neg());
  return gradient.mul_(weights.unsqueeze(1));
}

struct Loss {
  Tensor sum;          ///< scalar, fp32
  Tensor hidden_grad;  ///< [n,C], defined when asked for
};

/// hidden [n,C], targets [n], weights [n] with `scale` already in them.
Loss chunked_loss(const Tensor& hidden, const Tensor& head, const Tensor& targets,
                  const Tensor& weights, bool hidden_needs, bool head_needs) {
  Loss out{at::zeros({}, weights.options()), {}};
  if (hidden_needs) out.hidden_grad = at::empty_like(hidden);
  for_chunks(hidden.size(0), head.size(0), [&](int64_t begin, int64_t count) {
    const Tensor rows = hidden.narrow(0, begin, count);
    const Tensor ids = targets.narrow(0, begin, count);
    const Tensor row_weights = weights.narrow(0, begin, count);
    const Tensor log_probs = at::log_softmax(detail::wide(head_logits(rows, head)), -1);
    out.sum.sub_(log_probs.gather(1, ids.unsqueeze(1)).squeeze(1).mul(row_weights).sum());
    if (!hidden_needs && !head_needs) return;
    const Tensor gradient = logit_gradient(log_probs, ids, row_weights).to(hidden.scalar_type());
    if (hidden_needs) out.hidden_grad.narrow(0, begin, count).copy_(gradient.mm(head));
    if (head_needs) detail::add_gradient(head, gradient.t().mm(rows));
  });
  return out;
}

/// Hands on a gradient that the forward pass has computed.
struct Precomputed : torch::autograd::Function<Precomputed> {
  static Tensor forward(AutogradContext* ctx, const Tensor&, const Tensor& loss,
                        const Tensor& gradient) {
    ctx->save_for_backward({gradient});
    return loss.alias();
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    // The head's gradient is summed already, so another factor here would make the two disagree.
    SLOVO_CHECK(!gradients[0].is_cpu() || gradients[0].item<double>() == 1.0,
                "linear_cross_entropy takes its factor as `scale`");
    return {ctx->get_saved_variables()[0], Tensor(), Tensor()};
  }
};

/// Log-probabilities of the targets of one chunk; sets `greedy` where it is not null.
Tensor chunk_log_probs(const Tensor& rows, const Tensor& head, const Tensor& ids, Tensor* greedy) {
  const Tensor logits = detail::wide(head_logits(rows, head));
  if (greedy != nullptr) *greedy = logits.argmax(-1).eq(ids);
  return at::log_softmax(logits, -1).gather(1, ids.unsqueeze(1)).squeeze(1);
}

Tensor chunked_log_probs(const Tensor& hidden, const Tensor& head, const Tensor& targets,
                         Tensor* greedy) {
  const auto type = detail::wide_type(hidden.scalar_type());
  Tensor out = at::empty({hidden.size(0)}, hidden.options().dtype(type));
  if (greedy != nullptr) *greedy = at::empty({hidden.size(0)}, hidden.options().dtype(at::kBool));
  for_chunks(hidden.size(0), head.size(0), [&](int64_t begin, int64_t count) {
    Tensor chunk_greedy;
    out.narrow(0, begin, count)
        .copy_(chunk_log_probs(hidden.narrow(0, begin, count), head,
                               targets.narrow(0, begin, count), greedy ? &chunk_greedy : nullptr));
    if (greedy != nullptr) greedy->narrow(0, begin, count).copy_(chunk_greedy);
  });
  return out;
}

struct LogProbs : torch::autograd::Function<LogProbs> {
  static Tensor forward(AutogradContext* ctx, const Tensor& hidden, const Tensor& head,
                        const Tensor& targets, Tensor* greedy) {
    ctx->save_for_backward({hidden, head, targets});
    return chunked_log_probs(hidden, head, targets, greedy);
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    at::NoGradGuard no_grad;
    // d log p = -d (-log p): the loss with weights -g.
    const Loss loss = chunked_loss(saved[0], saved[1], saved[2], gradients[0].neg(),
                                   ctx->needs_input_grad(0), saved[1].requires_grad());
    return {loss.hidden_grad, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor linear_cross_entropy(const Tensor& hidden, const Tensor& head, const Tensor& targets,
                            const Tensor& weights, double scale) {
  const bool hidden_needs = detail::needs_grad({hidden});
  const bool head_needs = detail::needs_grad({head});
  Loss loss;
  {
    at::NoGradGuard no_grad;
    const Tensor rows = weights.nonzero().squeeze(1);
    const bool all = rows.size(0) == weights.size(0);
    const auto pick = [&](const Tensor& x) { return all ? x : x.index_select(0, rows); };
    const auto type = detail::wide_type(hidden.scalar_type());
    loss = chunked_loss(pick(hidden), head, pick(targets), pick(weights).to(type).mul(scale),
                        hidden_needs, head_needs);
    if (hidden_needs && !all) {
      loss.hidden_grad = at::zeros_like(hidden).index_copy_(0, rows, loss.hidden_grad);
    }
  }
  return hidden_needs ? Precomputed::apply(hidden, loss.sum, loss.hidden_grad) : loss.sum;
}

Tensor linear_log_probs(const Tensor& hidden, const Tensor& head, const Tensor& targets,
                        Tensor* greedy) {
  if (detail::needs_grad({hidden, head})) return LogProbs::apply(hidden, head, targets, greedy);
  return chunked_log_probs(hidden, head, targets, greedy);
}

}  // namespace slovo::ops
