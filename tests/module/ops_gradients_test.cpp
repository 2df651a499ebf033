// Every operation: the reference form equals plain ATen with plain autograd in fp64, and the fast
// form equals the reference form in fp32 and bf16, at sizes that are no multiples of a vector.
#include <gtest/gtest.h>

#include "core/text.h"
#include "ops/distillation.h"
#include "ops_support.h"

namespace slovo {
namespace {

using namespace slovo::testing;
using ops::Implementation;

struct OpCase {
  std::string name;
  Tensors inputs, weights;
  Op op, plain;
};

Tensor random(at::IntArrayRef sizes) { return at::randn(sizes, at::kDouble); }
Tensor ids(int64_t count, int64_t below) { return at::arange(count).mul(7).remainder(below); }

OpCase linear_case() {
  return {"linear",
          {random({3, 5, 37}), random({3, 5, 19})},
          {random({19, 37}), random({19})},
          [](const Tensors& x, const Tensors& w) { return ops::linear(x[0], w[0], w[1], x[1]); },
          [](const Tensors& x, const Tensors& w) { return at::linear(x[0], w[0], w[1]) + x[1]; }};
}

OpCase bare_linear_case() {
  return {"linear without bias and residual",
          {random({65, 64})},
          {random({96, 64})},
          [](const Tensors& x, const Tensors& w) { return ops::linear(x[0], w[0]); },
          [](const Tensors& x, const Tensors& w) { return at::linear(x[0], w[0]); }};
}

OpCase embedding_case() {
  const Tensor where = ids(24, 9).view({4, 6});
  return {"embedding",
          {},
          {random({9, 21})},
          [=](const Tensors&, const Tensors& w) { return ops::embedding(where, w[0]); },
          [=](const Tensors&, const Tensors& w) { return at::embedding(w[0], where); }};
}

OpCase rms_norm_case() {
  return {"rms_norm",
          {random({7, 3, 53})},
          {random({53})},
          [](const Tensors& x, const Tensors& w) { return ops::rms_norm(x[0], w[0], 1e-5); },
          [](const Tensors& x, const Tensors& w) {
            return x[0] / (x[0].square().mean(-1, true) + 1e-5).sqrt() * w[0];
          }};
}

OpCase layer_norm_case(bool with_bias) {
  return {
      with_bias ? "layer_norm" : "layer_norm without bias",
      {random({7, 3, 53})},
      {random({53}), with_bias ? random({53}) : Tensor()},
      [](const Tensors& x, const Tensors& w) { return ops::layer_norm(x[0], w[0], w[1], 1e-5); },
      [](const Tensors& x, const Tensors& w) {
        const Tensor centred = x[0] - x[0].mean(-1, true);
        const Tensor normed = centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * w[0];
        return w[1].defined() ? normed + w[1] : normed;
      }};
}

/// The fork's two results together, so that both gradients reach x.
OpCase fork_case(bool rms) {
  return {rms ? "rms_norm_fork" : "layer_norm_fork",
          {random({7, 3, 53})},
          {random({53}), rms ? Tensor() : random({53})},
          [=](const Tensors& x, const Tensors& w) {
            const ops::Fork fork = rms ? ops::rms_norm_fork(x[0], w[0], 1e-5)
                                       : ops::layer_norm_fork(x[0], w[0], w[1], 1e-5);
            return fork.normed + 2 * fork.skip;
          },
          [=](const Tensors& x, const Tensors& w) {
            const Tensor centred = rms ? x[0] : x[0] - x[0].mean(-1, true);
            const Tensor normed = centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * w[0];
            return (rms ? normed : normed + w[1]) + 2 * x[0];
          }};
}

OpCase activation_case(const std::string& name, int64_t width, Tensor (*op)(const Tensor&),
                       const std::function<Tensor(const Tensor&)>& plain) {
  return {name,
          {random({5, width}) * 3},
          {},
          [=](const Tensors& x, const Tensors&) { return op(x[0]); },
          [=](const Tensors& x, const Tensors&) { return plain(x[0]); }};
}

std::vector<OpCase> activation_cases() {
  return {
      activation_case("swiglu", 74, ops::swiglu,
                      [](const Tensor& x) {
                        const Tensors halves = x.chunk(2, -1);
                        return halves[0] * halves[0].sigmoid() * halves[1];
                      }),
      activation_case("gelu", 41, ops::gelu,
                      [](const Tensor& x) { return x * 0.5 * (1 + (x / std::sqrt(2.0)).erf()); }),
      activation_case("gelu_tanh", 41, ops::gelu_tanh,
                      [](const Tensor& x) {
                        return x * 0.5 *
                               (1 + (0.7978845608028654 * (x + 0.044715 * x.pow(3))).tanh());
                      }),
      activation_case("relu2", 41, ops::relu2, [](const Tensor& x) { return x.relu().square(); })};
}

/// Attention written out: scores, mask, softmax. q [B,T,H,d], k, v [B,T,K,d].
Tensor plain_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Segments& segments,
                       int64_t window) {
  const int64_t batch = q.size(0), length = q.size(1), heads = q.size(2);
  Tensor document = at::zeros({batch * length}, at::kLong);
  for (const int32_t begin : segments.offsets)
    document.narrow(0, begin, batch * length - begin).add_(1);
  document = document.view({batch, length});
  const Tensor same = document.unsqueeze(2).eq(document.unsqueeze(1));
  Tensor past = at::ones({length, length}, at::kBool).tril();
  if (window > 0) past = past.triu(1 - window);
  const Tensor seen = same.logical_and(past).unsqueeze(1);
  const Tensor keys = k.repeat_interleave(heads / k.size(2), 2);
  const Tensor values = v.repeat_interleave(heads / v.size(2), 2);
  const Tensor scores =
      at::einsum("bihd,bjhd->bhij", {q, keys}) / std::sqrt(static_cast<double>(q.size(3)));
  const Tensor weights = scores.masked_fill(seen.logical_not(), -1e30).softmax(-1);
  return at::einsum("bhij,bjhd->bihd", {weights, values}).reshape({batch, length, -1});
}

OpCase attention_case(const std::string& name, at::IntArrayRef sizes, int64_t kv_heads,
                      const Segments& segments, int64_t window = 0) {
  const int64_t batch = sizes[0], length = sizes[1], heads = sizes[2], size = sizes[3];
  return {name,
          {random({batch, length, heads, size}), random({batch, length, kv_heads, size}),
           random({batch, length, kv_heads, size})},
          {},
          [=](const Tensors& x, const Tensors&) {
            return ops::causal_attention(x[0], x[1], x[2], segments, window);
          },
          [=](const Tensors& x, const Tensors&) {
            return plain_attention(x[0], x[1], x[2], segments, window);
          }};
}

/// Windows within a tile, over blocks of queries and of keys, and longer than the text.
std::vector<OpCase> window_cases() {
  std::vector<OpCase> out;
  for (const int64_t window : {2, 31, 97, 250, 500, 5000}) {
    out.push_back(attention_case(cat("attention in a window of ", window), {1, 580, 2, 24}, 1,
                                 Segments::rows(1, 580), window));
  }
  for (const int64_t window : {3, 20, 40}) {
    out.push_back(attention_case(cat("attention in documents and a window of ", window),
                                 {2, 150, 4, 16}, 2, {2, 150, {0, 1, 18, 150, 233, 299, 300}},
                                 window));
  }
  return out;
}

std::vector<OpCase> attention_cases() {
  return {attention_case("attention", {2, 64, 4, 32}, 4, Segments::rows(2, 64)),
          attention_case("attention of odd sizes", {1, 37, 3, 13}, 3, Segments::rows(1, 37)),
          attention_case("grouped attention", {2, 29, 6, 8}, 2, Segments::rows(2, 29)),
          attention_case("long attention", {1, 700, 2, 24}, 1, Segments::rows(1, 700)),
          attention_case("attention in documents", {2, 50, 4, 16}, 2,
                         {2, 50, {0, 1, 18, 50, 83, 99, 100}})};
}

/// cos and sin of a table whose rows need not be rotations: the arithmetic is linear in them.
OpCase split_case(const std::string& name, bool rotate, bool norm) {
  ops::RotaryOptions rotary;
  if (rotate) {
    const Tensor angles = random({11, 7});
    rotary.cos = angles.cos().to(at::kFloat);
    rotary.sin = angles.sin().to(at::kFloat);
    rotary.positions = ids(10, 11).view({2, 5});
  }
  const auto split = [=](const Tensors& x, const Tensors& w) {
    ops::RotaryOptions options = rotary;
    options.q_norm = w[0];
    options.k_norm = w[1];
    const auto [q, k, v] = ops::split_qkv(x[0], 4, 2, 14, options);
    return at::cat({q, k * 2, v * 3}, 2);
  };
  const auto plain = [=](const Tensors& x, const Tensors& w) {
    const auto parts = x[0].view({2, 5, 8, 14}).split_with_sizes({4, 2, 2}, 2);
    const auto prepare = [&](const Tensor& heads, const Tensor& weight) {
      Tensor y = heads;
      if (norm) y = y / (y.square().mean(-1, true) + 1e-6).sqrt() * weight;
      if (!rotate) return y;
      const Tensor cos = rotary.cos.index({rotary.positions}).unsqueeze(2).repeat({1, 1, 1, 2});
      const Tensor sin = rotary.sin.index({rotary.positions}).unsqueeze(2).repeat({1, 1, 1, 2});
      const Tensors halves = y.chunk(2, -1);
      return y * cos + at::cat({halves[1].neg(), halves[0]}, -1) * sin;
    };
    return at::cat({prepare(parts[0], w[0]), prepare(parts[1], w[1]) * 2, parts[2] * 3}, 2);
  };
  return {name,
          {random({2, 5, 8 * 14})},
          {norm ? random({14}) : Tensor(), norm ? random({14}) : Tensor()},
          split,
          plain};
}

OpCase cross_entropy_case(const std::string& name, const Tensor& weights,
                          const ops::LossOptions& options = {}) {
  const int64_t rows = weights.size(0);
  const Tensor targets = ids(rows, 67);
  return {name,
          {random({rows, 24})},
          {random({67, 24})},
          [=](const Tensors& x, const Tensors& w) {
            return ops::linear_cross_entropy(x[0], w[0], targets, weights, 0.25, options);
          },
          [=](const Tensors& x, const Tensors& w) {
            Tensor logits = at::linear(x[0], w[0]);
            if (options.softcap > 0) logits = (logits / options.softcap).tanh() * options.softcap;
            const Tensor log_probs = at::log_softmax(logits, -1);
            const Tensor log_p = log_probs.gather(1, targets.unsqueeze(1)).squeeze(1);
            Tensor losses = log_p * (options.label_smoothing - 1) -
                            log_probs.mean(-1) * options.label_smoothing +
                            logits.logsumexp(-1).square() * options.z_loss;
            if (options.dft) losses = losses * log_p.exp().detach();
            losses = losses * weights;
            if (options.unlikelihood) {
              losses = at::where(weights < 0, weights * (1 - log_p.exp()).log(), losses);
            }
            return losses.sum() * 0.25;
          }};
}

/// The teacher's states are 40 wide, the student's 24.
OpCase distillation_case(const std::string& name, const ops::DistillOptions& options,
                         double softcap = 0) {
  const Tensor weights = at::tensor({1.f, 0.f, 0.5f, 2.f, 0.f, 1.f});
  const Tensor hidden = random({6, 40}), head = random({67, 40});
  return {name,
          {random({6, 24})},
          {random({67, 24})},
          [=](const Tensors& x, const Tensors& w) {
            const auto type = x[0].scalar_type();
            return ops::linear_distillation({x[0], w[0], softcap}, {hidden.to(type), head.to(type)},
                                            weights, 0.25, options);
          },
          [=](const Tensors& x, const Tensors& w) {
            const double t = options.temperature;
            Tensor student = at::linear(x[0], w[0]);
            if (softcap > 0) student = (student / softcap).tanh() * softcap;
            Tensor teacher = at::linear(hidden, head).to(student.scalar_type());
            if (options.top_k > 0) {
              const Tensor best = std::get<1>(teacher.topk(options.top_k, 1));
              student = student.gather(1, best);
              teacher = teacher.gather(1, best);
            }
            const Tensor q = at::log_softmax(student / t, 1);
            const Tensor p = at::log_softmax(teacher / t, 1);
            const Tensor kl = options.divergence == ops::Divergence::forward_kl
                                  ? p.exp() * (p - q)
                                  : q.exp() * (q - p);
            return (kl.sum(1) * weights).sum() * 0.25 * t * t;
          }};
}

OpCase log_probs_case() {
  const Tensor targets = ids(9, 67);
  return {"linear_log_probs",
          {random({9, 24})},
          {random({67, 24})},
          [=](const Tensors& x, const Tensors& w) {
            return ops::linear_log_probs(x[0], w[0], targets);
          },
          [=](const Tensors& x, const Tensors& w) {
            return at::log_softmax(at::linear(x[0], w[0]), -1)
                .gather(1, targets.unsqueeze(1))
                .squeeze(1);
          }};
}

std::vector<OpCase> all_cases() {
  at::manual_seed(1);
  std::vector<OpCase> cases = {linear_case(),
                               bare_linear_case(),
                               embedding_case(),
                               rms_norm_case(),
                               layer_norm_case(true),
                               layer_norm_case(false),
                               split_case("split_qkv", false, false),
                               split_case("split_qkv rotated", true, false),
                               split_case("split_qkv normed and rotated", true, true),
                               split_case("split_qkv normed", false, true),
                               cross_entropy_case("linear_cross_entropy", at::ones({13})),
                               cross_entropy_case("linear_cross_entropy with skipped rows",
                                                  at::tensor({0.f, 1.f, -0.5f, 0.f, 2.f})),
                               cross_entropy_case("linear_cross_entropy with all options",
                                                  at::linspace(-1, 1, 21), {2.0, 0.01, 0.1}),
                               cross_entropy_case("linear_cross_entropy weighed by p",
                                                  at::linspace(-1, 1, 21), {2.0, 0.01, 0.1, true}),
                               cross_entropy_case("linear_cross_entropy with unlikelihood",
                                                  at::linspace(-1, 1, 21), {2.0, 0.01, 0.1, false, true}),
                               distillation_case("forward divergence", {}),
                               distillation_case("forward divergence, T 2, capped",
                                                 {ops::Divergence::forward_kl, 2, 0}, 3),
                               distillation_case("reverse divergence, T 0.7",
                                                 {ops::Divergence::reverse_kl, 0.7, 0}),
                               distillation_case("reverse divergence of 5 words",
                                                 {ops::Divergence::reverse_kl, 1.5, 5}, 3),
                               fork_case(true),
                               fork_case(false),
                               log_probs_case()};
  for (const OpCase& c : activation_cases()) cases.push_back(c);
  for (const OpCase& c : attention_cases()) cases.push_back(c);
  for (const OpCase& c : window_cases()) cases.push_back(c);
  return cases;
}

TEST(Ops, ReferenceEqualsPlainAutograd) {
  const UseImplementation form(Implementation::reference);
  for (const OpCase& c : all_cases()) {
    const Result plain = run(c.plain, c.inputs, c.weights, at::kDouble);
    expect_close(run(c.op, c.inputs, c.weights, at::kDouble), plain, 1e-5, c.name);
  }
}

TEST(Ops, FastEqualsReferenceInFp32) {
  for (const OpCase& c : all_cases()) {
    const Result plain = run(c.plain, c.inputs, c.weights, at::kDouble);
    expect_close(run(c.op, c.inputs, c.weights, at::kFloat), plain, 2e-5, c.name);
  }
}

TEST(Ops, FastEqualsReferenceInBf16) {
  for (const OpCase& c : all_cases()) {
    const Result plain = run(c.plain, leaves(c.inputs, at::kBFloat16),
                             leaves(c.weights, at::kBFloat16), at::kDouble);
    expect_close(run(c.op, c.inputs, c.weights, at::kBFloat16), plain, 3e-2, c.name);
  }
}

/// A word that is nearly sure: 1 - p is bounded, so that the loss and its gradient stay finite.
TEST(Ops, UnlikelihoodOfASureWordIsFinite) {
  for (const auto form : {Implementation::reference, Implementation::fast}) {
    const UseImplementation use(form);
    const Tensor hidden = at::full({1, 1}, 100.0).requires_grad_();
    const Tensor head = at::tensor({1.0f, -1.0f}).view({2, 1}).requires_grad_();
    const Tensor loss = ops::linear_cross_entropy(hidden, head, at::zeros({1}, at::kLong),
                                                  at::full({1}, -1.0), 1, {.unlikelihood = true});
    EXPECT_NEAR(-std::log(1e-5), loss.item<double>(), 1e-3);
    loss.backward();
    EXPECT_TRUE(at::isfinite(hidden.grad()).all().item<bool>());
    EXPECT_LE(head.grad().abs().max().item<double>(), 100 * 1e5 + 1);
  }
}

TEST(Ops, SameBitsEveryTime) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    for (const OpCase& c : all_cases()) {
      const Result first = run(c.op, c.inputs, c.weights, type);
      const Result second = run(c.op, c.inputs, c.weights, type);
      EXPECT_TRUE(first.output.equal(second.output)) << c.name;
      for (size_t i = 0; i < first.gradients.size(); ++i) {
        EXPECT_TRUE(first.gradients[i].equal(second.gradients[i])) << c.name << ": gradient " << i;
      }
    }
  }
}

TEST(Ops, AWindowOfOneTokenGivesItsOwnValue) {
  const Segments rows = Segments::rows(2, 130);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Tensor x = at::randn({2, 130, 4, 24}).to(type);
    const Tensor v = at::randn({2, 130, 4, 24}).to(type);
    const Tensor out = ops::causal_attention(x, x, v, rows, 1);
    EXPECT_LT(relative_error(out, v.flatten(2)), type == at::kFloat ? 1e-6 : 1e-2);
  }
}

TEST(Ops, NoGradLeavesWeightsAlone) {
  for (const OpCase& c : all_cases()) {
    const at::NoGradGuard no_grad;
    const Tensors weights = leaves(c.weights, at::kFloat);
    const Tensor output = c.op(leaves(c.inputs, at::kFloat), weights);
    EXPECT_FALSE(output.requires_grad()) << c.name;
    for (const Tensor& weight : weights)
      EXPECT_FALSE(weight.defined() && weight.grad().defined()) << c.name;
  }
}

}  // namespace
}  // namespace slovo
