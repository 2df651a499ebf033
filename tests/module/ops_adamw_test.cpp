#include <gtest/gtest.h>

#include "ops/adamw.h"
#include "ops_support.h"

namespace slovo {
namespace {

using namespace slovo::testing;

struct Buffers {
  ops::UpdateBuffers flat;
  Tensor m, v;
  explicit Buffers(int64_t count)
      : flat{at::randn({count}), at::randn({count}), at::zeros({count}, at::kBFloat16)},
        m(at::randn({count}) * 0.1),
        v(at::rand({count}) * 0.1) {}
  void step(const ops::AdamWOptions& options) const { ops::adamw_step(flat, m, v, options); }
};

TEST(AdamW, EqualsFusedAdamW) {
  for (const int64_t count : {1, 17, 1000, 200003}) {
    at::manual_seed(7);
    const Buffers ours(count);
    at::manual_seed(7);
    const Buffers theirs(count);
    for (int64_t step = 1; step <= 3; ++step) {
      const ops::AdamWOptions o{3e-3, 0.9, 0.95, 1e-8, 0.1, step, 0.7};
      const Tensor grad = at::randn({count});
      ours.flat.grad.copy_(grad);
      ours.step(o);
      at::_fused_adamw_({theirs.flat.master}, {grad * o.grad_scale}, {theirs.m}, {theirs.v}, {},
                        {at::full({}, static_cast<double>(step), at::kFloat)}, o.lr, o.beta1,
                        o.beta2, o.weight_decay, o.eps, /*amsgrad=*/false, /*maximize=*/false);
    }
    EXPECT_LT(relative_error(ours.flat.master, theirs.flat.master), 1e-6);
    EXPECT_LT(relative_error(ours.m, theirs.m), 1e-6);
    EXPECT_LT(relative_error(ours.v, theirs.v), 1e-6);
    EXPECT_TRUE(ours.flat.compute.equal(ours.flat.master.to(at::kBFloat16)));
    EXPECT_EQ(ours.flat.grad.count_nonzero().item<int64_t>(), 0);
  }
}

TEST(AdamW, WorksWithoutAComputeCopy) {
  at::manual_seed(8);
  Buffers buffers(100);
  buffers.flat.compute = Tensor();
  const Tensor before = buffers.flat.master.clone();
  buffers.step({1e-2, 0.9, 0.95, 1e-8, 0, 1, 1});
  EXPECT_FALSE(buffers.flat.master.equal(before));
}

TEST(AdamW, SquaredNorm) {
  at::manual_seed(9);
  for (const int64_t count : {0, 1, 31, 200003}) {
    const Tensor grad = at::randn({count});
    const double expected = grad.to(at::kDouble).square().sum().item<double>();
    EXPECT_NEAR(ops::squared_norm(grad).item<double>(), expected, 1e-6 * expected);
  }
}

TEST(AdamW, SquaredNormDoesNotDependOnThreads) {
  at::manual_seed(10);
  const Tensor grad = at::randn({1000003});
  const int threads = at::get_num_threads();
  const double together = ops::squared_norm(grad).item<double>();
  at::set_num_threads(1);
  EXPECT_EQ(ops::squared_norm(grad).item<double>(), together);
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace slovo
