// Where the gradients of weights go, and what the operations promise beside their values.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "kernels/bf16.h"
#include "ops_support.h"

namespace slovo {
namespace {

using namespace slovo::testing;

/// A bf16 weight [rows,columns] whose gradient is a view of a flat fp32 buffer.
struct FlatWeight {
  Tensor buffer, weight;
  FlatWeight(int64_t rows, int64_t columns)
      : buffer(at::ones({rows * columns + 8})),
        weight(at::randn({rows, columns}).to(at::kBFloat16)) {
    weight.requires_grad_();
    weight.mutable_grad() = buffer.narrow(0, 4, rows * columns).view({rows, columns});
  }
};

TEST(OpsWeights, GradientIsAddedInPlaceInFp32) {
  for (const auto form : {ops::Implementation::reference, ops::Implementation::fast}) {
    const UseImplementation use(form);
    at::manual_seed(2);
    FlatWeight flat(24, 40);
    const void* place = flat.weight.grad().data_ptr();
    const Tensor x = at::randn({16, 40}).to(at::kBFloat16);
    for (int pass = 0; pass < 2; ++pass) ops::linear(x, flat.weight).sum().backward();
    EXPECT_EQ(flat.weight.grad().data_ptr(), place);
    EXPECT_EQ(flat.weight.grad().scalar_type(), at::kFloat);
    const Tensor expected = x.to(at::kFloat).sum(0).mul(2).add(1).expand({24, 40});
    EXPECT_LT(relative_error(flat.weight.grad(), expected), 1e-2);
    EXPECT_TRUE(flat.buffer.narrow(0, 0, 4).eq(1).all().item<bool>());
  }
}

/// Gradients of weight and bias of ops::linear in bf16, from x and the gradient of its result.
Tensors linear_gradients(const Tensor& x, const Tensor& grad) {
  const Tensor weight = at::zeros({grad.size(1), x.size(1)}, at::kBFloat16).requires_grad_();
  const Tensor bias = at::zeros({grad.size(1)}, at::kBFloat16).requires_grad_();
  ops::linear(x, weight, bias).backward(grad);
  return {weight.grad(), bias.grad()};
}

/// The products of bf16 are exact in fp32, so only the sums' rounding is left. Sizes around those
/// of tiles, vectors and blocks, an odd number of tokens, one token.
TEST(OpsWeights, Bf16GradientsAreSummedInFp32) {
  struct Size {
    int64_t tokens, rows, columns;
  };
  for (const Size& size :
       {Size{1, 1, 1}, Size{2, 6, 64}, Size{37, 13, 70}, Size{255, 95, 63}, Size{256, 96, 65},
        Size{257, 97, 129}, Size{600, 389, 48}, Size{511, 790, 20}}) {
    at::manual_seed(8);
    const Tensor x = at::randn({size.tokens, size.columns}).to(at::kBFloat16);
    const Tensor grad = at::randn({size.tokens, size.rows}).to(at::kBFloat16);
    const Tensors gradients = linear_gradients(x, grad);
    const double bound = kernels::bf16_products_available() ? 1e-6 : 1e-2;
    const Tensor wide = grad.to(at::kDouble);
    EXPECT_LT(relative_error(gradients[0], wide.t().mm(x.to(at::kDouble))), bound)
        << size.tokens << " " << size.rows << " " << size.columns;
    EXPECT_LT(relative_error(gradients[1], wide.sum(0)), bound) << size.rows;
  }
}

TEST(OpsWeights, GradientsAreTheSameForAnyNumberOfThreads) {
  at::manual_seed(9);
  const Tensor x = at::randn({300, 70}).to(at::kBFloat16);
  const Tensor grad = at::randn({300, 500}).to(at::kBFloat16);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Tensors one = linear_gradients(x, grad);
  at::set_num_threads(3);
  const Tensors three = linear_gradients(x, grad);
  at::set_num_threads(threads);
  for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(one[i].equal(three[i])) << i;
}

TEST(OpsWeights, FrozenWeightGetsNothing) {
  const Tensor x = at::randn({4, 8}).requires_grad_();
  const Tensor weight = at::randn({6, 8});
  ops::linear(x, weight).sum().backward();
  EXPECT_FALSE(weight.grad().defined());
  EXPECT_TRUE(x.grad().defined());
}

TEST(OpsWeights, TiedWeightSumsBothUses) {
  at::manual_seed(3);
  const Tensor table = at::randn({12, 8}).requires_grad_();
  const Tensor plain = table.detach().clone().requires_grad_();
  const Tensor ids = at::tensor({1, 5, 5, 11}, at::kLong);
  const Tensor weights = at::ones({4});
  ops::linear_cross_entropy(ops::embedding(ids, table), table, ids, weights, 1).backward();
  at::cross_entropy_loss(at::linear(at::embedding(plain, ids), plain), ids, {}, at::Reduction::Sum)
      .backward();
  EXPECT_LT(relative_error(table.grad(), plain.grad()), 1e-5);
}

TEST(OpsWeights, GreedyMarksTheArgmax) {
  at::manual_seed(4);
  const Tensor hidden = at::randn({20, 8});
  const Tensor head = at::randn({15, 8});
  const Tensor best = at::linear(hidden, head).argmax(-1);
  Tensor targets = best.clone();
  targets[3] = (best[3] + 1).remainder(15);
  Tensor greedy;
  ops::linear_log_probs(hidden, head, targets, 0, &greedy);
  EXPECT_EQ(greedy.sum().item<int64_t>(), 19);
  EXPECT_FALSE(greedy[3].item<bool>());
}

TEST(OpsWeights, CrossEntropyOfNoRowsIsZero) {
  const Tensor hidden = at::randn({3, 8}).requires_grad_();
  const Tensor head = at::randn({5, 8}).requires_grad_();
  const Tensor loss =
      ops::linear_cross_entropy(hidden, head, at::zeros({3}, at::kLong), at::zeros({3}), 1);
  loss.backward();
  EXPECT_EQ(loss.item<float>(), 0);
  EXPECT_EQ(hidden.grad().abs().sum().item<float>(), 0);
}

/// Rows of different lengths against a cache: row by row the same as plain attention over the row's
/// keys.
TEST(OpsCache, QueriesSeeTheirOwnPast) {
  at::manual_seed(5);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const int64_t queries : {1, 3, 20}) {
      const std::vector<int64_t> lengths = {20, 41, 23};
      const Tensor q = at::randn({3, queries, 6, 24}).to(type);
      const Tensor k = at::randn({3, 2, 48, 24}).to(type);
      const Tensor v = at::randn({3, 2, 48, 24}).to(type);
      const Tensor fast = ops::cached_attention(q, k, v, lengths);
      const UseImplementation use(ops::Implementation::reference);
      const Tensor wide =
          ops::cached_attention(q.to(at::kDouble), k.to(at::kDouble), v.to(at::kDouble), lengths);
      EXPECT_LT(relative_error(fast, wide), type == at::kFloat ? 1e-5 : 2e-2);
    }
  }
}

/// The last queries of a text against the cache of all of it are the last rows of attention over
/// the whole.
TEST(OpsCache, WindowsAreThoseOfTheWholeText) {
  at::manual_seed(7);
  const int64_t length = 41;
  const Tensor q = at::randn({2, length, 6, 24});
  const Tensor k = at::randn({2, length, 2, 24});
  const Tensor v = at::randn({2, length, 2, 24});
  const Tensor keys = at::constant_pad_nd(k.transpose(1, 2), {0, 0, 0, 7});
  const Tensor values = at::constant_pad_nd(v.transpose(1, 2), {0, 0, 0, 7});
  for (const int64_t window : {1, 2, 9, 40, 41, 100}) {
    const Tensor whole = ops::causal_attention(q, k, v, Segments::rows(2, length), window);
    for (const int64_t queries : {1, 3, 20}) {
      const Tensor last = ops::cached_attention(q.narrow(1, length - queries, queries), keys,
                                                values, {length, length}, window);
      EXPECT_LT(relative_error(last, whole.narrow(1, length - queries, queries)), 1e-5)
          << window << " " << queries;
    }
  }
}

/// Prefilling an empty cache is causal attention.
TEST(OpsCache, PrefillEqualsCausalAttention) {
  at::manual_seed(6);
  const Tensor q = at::randn({2, 9, 4, 16});
  const Tensor k = at::randn({2, 9, 4, 16});
  const Tensor v = at::randn({2, 9, 4, 16});
  const Tensor whole = ops::causal_attention(q, k, v, Segments::rows(2, 9));
  const Tensor cached = ops::cached_attention(q, k.transpose(1, 2).contiguous(),
                                              v.transpose(1, 2).contiguous(), {9, 9});
  EXPECT_LT(relative_error(cached, whole), 1e-5);
}

}  // namespace
}  // namespace slovo
