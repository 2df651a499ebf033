// The one-pass forms of the update rules against their plain forms.
#include <gtest/gtest.h>

#include "ops/adamw.h"
#include "ops/momentum.h"
#include "ops/muon.h"
#include "ops_support.h"

namespace slovo {
namespace {

using namespace slovo::testing;

/// Buffers of a step with one or two moments; the same numbers for the same size.
struct Buffers {
  ops::UpdateBuffers flat;
  Tensor m, v;
  Buffers(at::IntArrayRef sizes, at::ScalarType moments) {
    at::manual_seed(7);
    flat = {at::randn(sizes), at::randn(sizes), at::zeros(sizes, at::kBFloat16), 12345};
    m = (at::randn(sizes) * 0.1).to(moments);
    v = (at::rand(sizes) * 0.1).to(moments);
  }
};

using Step = std::function<void(const Buffers&, int64_t step)>;

/// Three steps in both forms; a share of the moments in bf16 may fall to the other side, since fp32
/// sums of both forms differ in the last bit.
void expect_equal_forms(const Step& step, at::ScalarType moments, at::IntArrayRef sizes) {
  const Buffers fast(sizes, moments);
  const Buffers plain(sizes, moments);
  for (int64_t i = 1; i <= 3; ++i) {
    const Tensor grad = at::randn(sizes);
    fast.flat.grad.copy_(grad);
    plain.flat.grad.copy_(grad);
    step(fast, i);
    const UseImplementation use(ops::Implementation::reference);
    step(plain, i);
  }
  const double tolerance = moments == at::kFloat ? 1e-6 : 2e-3;
  EXPECT_LT(relative_error(fast.flat.master, plain.flat.master), tolerance);
  EXPECT_LT(relative_error(fast.m, plain.m), moments == at::kFloat ? 1e-6 : 1e-2);
  EXPECT_LT(relative_error(fast.v, plain.v), moments == at::kFloat ? 1e-6 : 1e-2);
  if (moments == at::kBFloat16) {
    const double other = fast.m.ne(plain.m).to(at::kFloat).mean().item<double>();
    EXPECT_LT(other, 0.002) << "moments are rounded alike";
  }
  EXPECT_TRUE(fast.flat.compute.equal(fast.flat.master.to(at::kBFloat16)));
  EXPECT_EQ(fast.flat.grad.count_nonzero().item<int64_t>(), 0);
}

class RuleForms : public ::testing::TestWithParam<std::tuple<at::ScalarType, bool>> {};

TEST_P(RuleForms, AreEqual) {
  const auto [moments, cautious] = GetParam();
  for (const int64_t count : {1, 17, 1000, 200003}) {
    expect_equal_forms(
        [&](const Buffers& b, int64_t step) {
          ops::adamw_step(b.flat, b.m, b.v, {3e-3, 0.9, 0.95, 1e-8, 0.1, step, 0.7, cautious});
        },
        moments, {count});
    expect_equal_forms(
        [&](const Buffers& b, int64_t step) {
          ops::lion_step(b.flat, b.m, {3e-3, 0.9, 0.99, 0.1, step, 0.7, cautious});
        },
        moments, {count});
    expect_equal_forms(
        [&](const Buffers& b, int64_t step) {
          ops::sgd_step(b.flat, b.m, {3e-3, 0.9, 0.1, step, 0.7});
        },
        moments, {count});
  }
}

TEST_P(RuleForms, OfMuonAreEqual) {
  const auto [moments, cautious] = GetParam();
  for (const auto method : {MuonMethod::newton_schulz, MuonMethod::polar_express}) {
    for (const bool variance : {false, true}) {
      for (const auto& [rows, columns] :
           {std::pair{1, 19}, {19, 1}, {33, 70}, {70, 33}, {3, 40000}}) {
        const std::array<Buffers, 2> forms = {Buffers({2, rows, columns}, moments),
                                              Buffers({2, rows, columns}, moments)};
        std::array<Tensor, 2> squares;
        for (size_t form = 0; form < 2; ++form) {
          const UseImplementation use(form == 0 ? ops::Implementation::fast
                                                : ops::Implementation::reference);
          const Buffers& b = forms[form];
          squares[form] = at::full({2, rows}, 0.01);
          std::vector<ops::MuonMatrix> matrices;
          for (int64_t i = 0; i < 2; ++i) {
            matrices.push_back({{b.flat.master[i], b.flat.grad[i], b.flat.compute[i], i * 5000},
                                b.m[i],
                                variance ? squares[form][i] : Tensor()});
          }
          ops::MuonOptions options;
          options.move = 0.01;
          options.decay = 0.999;
          options.cautious = cautious;
          options.grad_scale = 0.7;
          options.method = method;
          ops::muon_step(matrices, options);
        }
        EXPECT_LT(relative_error(forms[0].flat.master, forms[1].flat.master), 1e-5);
        EXPECT_LT(relative_error(forms[0].m, forms[1].m), moments == at::kFloat ? 1e-6 : 1e-2);
        EXPECT_LT(relative_error(squares[0], squares[1]), 1e-4);
        EXPECT_TRUE(forms[0].flat.compute.equal(forms[0].flat.master.to(at::kBFloat16)));
        EXPECT_EQ(forms[0].flat.grad.count_nonzero().item<int64_t>(), 0);
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Moments, RuleForms,
                         ::testing::Combine(::testing::Values(at::kFloat, at::kBFloat16),
                                            ::testing::Bool()),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param) == at::kFloat ? "fp32"
                                                                                    : "bf16") +
                                  (std::get<1>(test.param) ? "_cautious" : "");
                         });

TEST(Rounding, KeepsTheMeanOfWhatIsTooSmallForBf16) {
  // A mean that decays by a thousandth a step would stand still if it were rounded to nearest.
  const int64_t count = 4096;
  Buffers b({count}, at::kBFloat16);
  b.m.fill_(1);
  for (int64_t step = 1; step <= 500; ++step) {
    b.flat.grad.zero_();
    ops::lion_step(b.flat, b.m, {0, 0.9, 0.999, 0, step});
  }
  EXPECT_NEAR(b.m.to(at::kFloat).mean().item<double>(), std::pow(0.999, 500), 0.01);
}

TEST(Rounding, IsAFunctionOfPlaceAndStepAlone) {
  const Buffers whole({200003}, at::kBFloat16);
  const Buffers parts({200003}, at::kBFloat16);
  const int threads = at::get_num_threads();
  ops::lion_step(whole.flat, whole.m, {0.1, 0.9, 0.99, 0, 5});
  at::set_num_threads(1);
  for (const auto& [begin, size] : {std::pair<int64_t, int64_t>{0, 777}, {777, 200003 - 777}}) {
    const ops::UpdateBuffers& f = parts.flat;
    ops::lion_step({f.master.narrow(0, begin, size), f.grad.narrow(0, begin, size),
                    f.compute.narrow(0, begin, size), f.first + begin},
                   parts.m.narrow(0, begin, size), {0.1, 0.9, 0.99, 0, 5});
  }
  at::set_num_threads(threads);
  EXPECT_TRUE(whole.m.equal(parts.m));
  EXPECT_TRUE(whole.flat.master.equal(parts.flat.master));
}

TEST(Orthogonalized, HasSingularValuesNearOne) {
  at::manual_seed(5);
  for (const auto& [rows, columns] : {std::pair{24, 60}, {60, 24}, {32, 32}}) {
    Tensor x = at::randn({3, rows, columns});
    x = x / x.norm(2, at::IntArrayRef{1, 2}, /*keepdim=*/true) / 1.02;
    for (const auto method : {MuonMethod::newton_schulz, MuonMethod::polar_express}) {
      const Tensor values = at::linalg_svdvals(ops::orthogonalized(x.clone(), method, 5));
      EXPECT_GT(values.quantile(0.1).item<double>(), 0.6);
      EXPECT_LT(values.max().item<double>(), 1.3);
    }
  }
}

}  // namespace
}  // namespace slovo
