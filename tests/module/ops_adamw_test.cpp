#include <gtest/gtest.h>

#include "ops/adamw.h"
#include "ops_support.h"

namespace slovo {
namespace {

using namespace slovo::testing;

struct Buffers {
  Tensor master, grad, m, v, compute;
  explicit Buffers(int64_t count)
      : master(at::randn({count})),
        grad(at::randn({count})),
        m(at::randn({count}) * 0.1),
        v(at::rand({count}) * 0.1),
        compute(at::zeros({count}, at::kBFloat16)) {}
  void step(const ops::AdamWOptions& options) const {
    ops::adamw_step(master, grad, m, v, compute, options);
  }
};

TEST(AdamW, EqualsFusedAdamW) {
  for (const int64_t count : {1, 17, 1000, 200003}) {
    at::manual_seed(7);
    const Buffers fast(count);
    at::manual_seed(7);
    const Buffers reference(count);
    for (int64_t step = 1; step <= 3; ++step) {
      const ops::AdamWOptions options{3e-3, 0.9, 0.95, 1e-8, 0.1, step, 0.7};
      const Tensor grad = at::randn({count});
      fast.grad.copy_(grad);
      reference.grad.copy_(grad);
      fast.step(options);
      const UseImplementation use(ops::Implementation::reference);
      reference.step(options);
    }
    EXPECT_LT(relative_error(fast.master, reference.master), 1e-6);
    EXPECT_LT(relative_error(fast.m, reference.m), 1e-6);
    EXPECT_LT(relative_error(fast.v, reference.v), 1e-6);
    EXPECT_TRUE(fast.compute.equal(fast.master.to(at::kBFloat16)));
    EXPECT_EQ(fast.grad.count_nonzero().item<int64_t>(), 0);
  }
}

TEST(AdamW, WorksWithoutAComputeCopy) {
  at::manual_seed(8);
  Buffers buffers(100);
  buffers.compute = Tensor();
  const Tensor before = buffers.master.clone();
  buffers.step({1e-2, 0.9, 0.95, 1e-8, 0, 1, 1});
  EXPECT_FALSE(buffers.master.equal(before));
}

TEST(AdamW, SquaredNorm) {
  at::manual_seed(9);
  for (const int64_t count : {0, 1, 31, 200003}) {
    const Tensor grad = at::randn({count});
    const double expected = grad.to(at::kDouble).square().sum().item<double>();
    EXPECT_NEAR(ops::squared_norm(grad), expected, 1e-6 * expected);
  }
}

TEST(AdamW, SquaredNormDoesNotDependOnThreads) {
  at::manual_seed(10);
  const Tensor grad = at::randn({1000003});
  const int threads = at::get_num_threads();
  const double together = ops::squared_norm(grad);
  at::set_num_threads(1);
  EXPECT_EQ(ops::squared_norm(grad), together);
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace slovo
