// Weights in few bits: what they lose, how large they are, and the product with them.
#include <gtest/gtest.h>

#include "kernels/quantized.h"
#include "ops/quantized.h"
#include "ops_support.h"

namespace slovo {
namespace {

using namespace slovo::testing;
using ops::Implementation;
using ops::QuantizedMatrix;
using ops::QuantizedWeight;

constexpr LoraBase kForms[] = {LoraBase::int8, LoraBase::nf4};

c10::intrusive_ptr<QuantizedWeight> quantized(LoraBase form, const Tensors& matrices) {
  auto out = c10::make_intrusive<QuantizedWeight>(form, at::kCPU);
  for (const Tensor& each : matrices) out->add(each);
  return out;
}

Tensor whole(const QuantizedWeight& weight, at::ScalarType dtype) {
  Tensors parts;
  for (const QuantizedMatrix& each : weight.parts()) {
    parts.push_back(each.read(0, each.rows(), dtype));
  }
  return at::cat(parts);
}

TEST(QuantizedMatrix, Int8IsOffByHalfAStepAtMost) {
  at::manual_seed(1);
  const Tensor matrix = at::randn({70, 37});
  const Tensor back = QuantizedMatrix(LoraBase::int8, matrix).read(0, 70, at::kFloat);
  const Tensor step = matrix.abs().amax(1, true) / 127;
  EXPECT_LE(((back - matrix).abs() / step).max().item<float>(), 0.5001);
  EXPECT_GT(((back - matrix).abs() / step).max().item<float>(), 0.4);
}

/// The table of bitsandbytes (arXiv:2305.14314, appendix E): a block that holds all 16 values comes
/// back as it was, but for its scale's own rounding.
TEST(QuantizedMatrix, Nf4KeepsTheValuesOfItsTable) {
  const Tensor table = at::tensor(c10::ArrayRef<float>(kernels::kNf4Values));
  EXPECT_FLOAT_EQ(table[1].item<float>(), -0.6961928009986877F);
  EXPECT_FLOAT_EQ(table[8].item<float>(), 0.07958029955625534F);
  EXPECT_FLOAT_EQ(table[14].item<float>(), 0.7229568362236023F);
  const Tensor matrix = table.repeat({3, 4}) * 0.5;
  const QuantizedMatrix nf4(LoraBase::nf4, matrix);
  EXPECT_LT(relative_error(nf4.read(0, 3, at::kFloat), matrix), 1e-6);  // all scales are alike
}

TEST(QuantizedMatrix, Nf4TakesTheNearestValue) {
  at::manual_seed(2);
  const Tensor matrix = at::randn({64, 64}) * 0.02;
  const Tensor table = at::tensor(c10::ArrayRef<float>(kernels::kNf4Values));
  const Tensor scale = matrix.abs().amax(1, true);
  const Tensor nearest =
      table.index({(matrix / scale).unsqueeze(2).sub(table).abs().argmin(2)}) * scale;
  const Tensor back = QuantizedMatrix(LoraBase::nf4, matrix).read(0, 64, at::kFloat);
  // Scales in fp8, less their mean: off by 1/16 of their distance from it.
  const Tensor scale_error = ((scale - scale.mean()).abs() / 15 + 1e-7).expand_as(matrix);
  EXPECT_TRUE((back - nearest).abs().le(scale_error).all().item<bool>());
}

TEST(QuantizedMatrix, TakesTheBitsItSays) {
  const Tensor matrix = at::randn({512, 512});
  const auto bits = [&](LoraBase form) {
    return 8.0 * static_cast<double>(QuantizedMatrix(form, matrix).bytes()) / (512 * 512);
  };
  EXPECT_NEAR(bits(LoraBase::int8), 8 + 32.0 / 512, 1e-9);
  EXPECT_NEAR(bits(LoraBase::nf4), 4.127, 1e-2);  // 4 + 8/64 + 32/(64*256)
}

/// Sizes that fill no block and no vector; zeros, which have no scale.
TEST(QuantizedMatrix, FastFormReadsWhatThePlainOneReads) {
  at::manual_seed(3);
  for (const LoraBase form : kForms) {
    for (const auto& [rows, columns] : {std::pair{1, 1}, {130, 7}, {67, 64}, {256, 300}}) {
      Tensor matrix = at::randn({rows, columns});
      matrix[0].zero_();
      const QuantizedMatrix kept(form, matrix);
      const int64_t begin = rows > 64 ? 64 : 0;
      for (const auto dtype : {at::kFloat, at::kBFloat16}) {
        const Tensor fast = kept.read(begin, rows - begin, dtype);
        const UseImplementation use(Implementation::reference);
        EXPECT_TRUE(at::equal(fast, kept.read(begin, rows - begin, dtype)))
            << to_name(form) << " " << rows << " " << columns;
      }
      EXPECT_EQ(kept.read(0, rows, at::kFloat)[0].abs().max().item<float>(), 0);
    }
  }
}

/// The product, the residual and the gradients of both equal those with the weight read whole.
TEST(QuantizedLinear, EqualsTheProductWithWhatItReads) {
  at::manual_seed(4);
  for (const LoraBase form : kForms) {
    const auto weight = quantized(form, {at::randn({70, 40}), at::randn({26, 40})});
    const Tensor bias = at::randn({96});
    const Tensors inputs = {at::randn({3, 7, 40}), at::randn({3, 7, 96})};
    const Op op = [&](const Tensors& x, const Tensors&) {
      return ops::quantized_linear(x[0], weight, bias.to(x[0].scalar_type()), x[1]);
    };
    const Op plain = [&](const Tensors& x, const Tensors&) {
      const auto dtype = x[0].scalar_type();
      return at::linear(x[0], whole(*weight, dtype), bias.to(dtype)) + x[1];
    };
    for (const auto implementation : {Implementation::reference, Implementation::fast}) {
      const UseImplementation use(implementation);
      expect_close(run(op, inputs, {}, at::kFloat), run(plain, inputs, {}, at::kFloat), 1e-5,
                   to_name(form));
      expect_close(run(op, inputs, {}, at::kBFloat16), run(plain, inputs, {}, at::kFloat), 3e-2,
                   to_name(form));
    }
  }
}

/// More rows than are read at once, and inputs without a gradient.
TEST(QuantizedLinear, GoesThroughLargeWeightsInPieces) {
  at::manual_seed(5);
  const auto weight = quantized(LoraBase::nf4, {at::randn({9000, 1024})});
  const Tensor x = at::randn({2, 1024}).requires_grad_();
  const Tensor full = whole(*weight, at::kFloat);
  const Tensor y = ops::quantized_linear(x, weight);
  EXPECT_LT(relative_error(y.detach(), at::linear(x.detach(), full)), 1e-5);
  y.sum().backward();
  EXPECT_LT(relative_error(x.grad(), full.sum(0).expand({2, 1024})), 1e-4);
  EXPECT_FALSE(ops::quantized_linear(x.detach(), weight).requires_grad());
}

TEST(QuantizedWeight, GivesItsPartsApart) {
  const Tensor first = at::randn({64, 8});
  const Tensor second = at::randn({6, 8});
  const auto weight = quantized(LoraBase::int8, {first, second});
  EXPECT_EQ(weight->rows(), 70);
  EXPECT_LT(relative_error(weight->read(64, 6, at::kFloat), second), 1e-2);
  EXPECT_LT(relative_error(whole(*weight->part(64, 6), at::kFloat), second), 1e-2);
}

TEST(Dropout, DropsByPlaceAndBackwardAlike) {
  const Tensor x = at::ones({50, 41}).requires_grad_();
  const Tensor y = ops::dropout(x, 0.25, 7, 8);
  EXPECT_TRUE(y.eq(0).logical_or(y.eq(1 / 0.75F)).all().item<bool>());
  EXPECT_NEAR(y.eq(0).to(at::kFloat).mean().item<float>(), 0.25, 0.04);
  y.sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), y.detach()));
  EXPECT_TRUE(at::equal(ops::dropout(x.detach(), 0.25, 7, 8), y.detach()));
  EXPECT_FALSE(at::equal(ops::dropout(x.detach(), 0.25, 7, 9), y.detach()));
  EXPECT_FALSE(at::equal(ops::dropout(x.detach(), 0.25, 8, 8), y.detach()));
}

TEST(Rescale, EqualsPlainAutograd) {
  at::manual_seed(6);
  const Tensor norm = at::rand({41}) + 1;
  const Op op = [&](const Tensors& x, const Tensors& w) { return ops::rescale(x[0], w[0], norm); };
  const Op plain = [&](const Tensors& x, const Tensors& w) { return x[0] * (w[0] / norm); };
  const Tensors inputs = {at::randn({5, 3, 41})};
  expect_close(run(op, inputs, {norm * 1.1}, at::kFloat),
               run(plain, inputs, {norm * 1.1}, at::kFloat), 1e-5, "rescale");
}

}  // namespace
}  // namespace slovo
