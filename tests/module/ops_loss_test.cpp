// Losses over the vocabulary beyond the small cases of ops_gradients_test.cpp: against TRL, and on
// a vocabulary so large that the rows are computed in several chunks.
#include "io/safetensors.h"
#include "ops/distillation.h"
#include "ops_support.h"
#include "testing.h"

namespace slovo {
namespace {

using ops::Implementation;
using testing::relative_error;
using testing::Result;
using testing::run;
using testing::Tensor;
using testing::Tensors;
using testing::UseImplementation;

TEST(Losses, DftEqualsTrl) {
  const SafetensorsFile file{testing::fixture("losses/dft.safetensors")};
  for (const auto form : {Implementation::reference, Implementation::fast}) {
    const UseImplementation use(form);
    const Tensor weights = file.view("weights");
    const double tokens = weights.sum().item<double>();
    const auto dft = [&](const Tensors& x, const Tensors& w) {
      return ops::linear_cross_entropy(x[0], w[0], file.view("targets"), weights, 1 / tokens,
                                       {.dft = true});
    };
    const Result got = run(dft, {file.view("hidden")}, {file.view("head")}, at::kFloat);
    EXPECT_LT(relative_error(got.output, file.view("loss").squeeze(0)), 1e-5);
    EXPECT_LT(relative_error(got.gradients[0], file.view("hidden_grad")), 1e-5);
    EXPECT_LT(relative_error(got.gradients[1], file.view("head_grad")), 1e-5);
  }
}

/// Numbers that bf16 holds exactly, so that each dtype begins from the same.
Tensor random(at::IntArrayRef shape, double scale) {
  return (at::randn(shape) * scale).to(at::kBFloat16).to(at::kFloat);
}

/// Five chunks of rows in fp32, three in bf16.
struct ManyChunks {
  static constexpr int64_t kRows = 900, kVocabulary = 40009, kSize = 8;
  Tensor hidden, head, teacher_hidden, teacher_head, targets, weights;

  ManyChunks() {
    at::manual_seed(2);
    hidden = random({kRows, kSize}, 0.25);
    head = random({kVocabulary, kSize}, 1);
    teacher_hidden = random({kRows, kSize}, 0.25);
    teacher_head = random({kVocabulary, kSize}, 1);
    targets = at::randint(kVocabulary, {kRows}, at::kLong);
    weights = at::linspace(-1, 1, kRows);
  }
};

/// `op` in fp32 and bf16 against `plain` in fp32, to which autograd is applied.
void expect_equal(const ManyChunks& c, const testing::Op& op, const testing::Op& plain) {
  const Result expected = run(plain, {c.hidden}, {c.head}, at::kFloat);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Result got = run(op, {c.hidden}, {c.head}, type);
    const double tolerance = type == at::kFloat ? 1e-4 : 3e-2;
    EXPECT_LT(relative_error(got.output, expected.output), tolerance);
    EXPECT_LT(relative_error(got.gradients[0], expected.gradients[0]), tolerance);
    EXPECT_LT(relative_error(got.gradients[1], expected.gradients[1]), tolerance);
  }
}

TEST(Losses, TokenLossesDoNotSeeTheBordersOfChunks) {
  const ManyChunks c;
  expect_equal(
      c,
      [&](const Tensors& x, const Tensors& w) {
        return ops::linear_cross_entropy(x[0], w[0], c.targets, c.weights, 0.01,
                                         {.dft = true, .unlikelihood = true});
      },
      [&](const Tensors& x, const Tensors& w) {
        const Tensor log_p = at::log_softmax(at::linear(x[0], w[0]), -1)
                                 .gather(1, c.targets.unsqueeze(1))
                                 .squeeze(1);
        const Tensor p = log_p.exp();
        return at::where(c.weights < 0, (-p).log1p(), -log_p * p.detach())
            .mul(c.weights)
            .sum()
            .mul(0.01);
      });
}

TEST(Losses, DivergenceDoesNotSeeTheBordersOfChunks) {
  const ManyChunks c;
  const Tensor weights = c.weights.clamp_min(0);
  expect_equal(
      c,
      [&](const Tensors& x, const Tensors& w) {
        const auto type = x[0].scalar_type();
        return ops::linear_distillation(
            {x[0], w[0]}, {c.teacher_hidden.to(type), c.teacher_head.to(type)}, weights, 0.01, {});
      },
      [&](const Tensors& x, const Tensors& w) {
        const Tensor q = at::log_softmax(at::linear(x[0], w[0]), -1);
        const Tensor p = at::log_softmax(at::linear(c.teacher_hidden, c.teacher_head), -1);
        return (p.exp() * (p - q)).sum(1).mul(weights).sum().mul(0.01);
      });
}

}  // namespace
}  // namespace slovo
