// Runs an operation forward and backward, so that its forms can be compared.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "ops/ops.h"

namespace slovo::testing {

using at::Tensor;
using Tensors = std::vector<Tensor>;

/// Chooses a form for the lifetime of the object.
class UseImplementation {
 public:
  explicit UseImplementation(ops::Implementation form) : before_(ops::implementation()) {
    ops::set_implementation(form);
  }
  ~UseImplementation() { ops::set_implementation(before_); }
  UseImplementation(const UseImplementation&) = delete;
  UseImplementation& operator=(const UseImplementation&) = delete;

 private:
  ops::Implementation before_;
};

/// inputs: activations, whose gradients autograd returns; weights: gradients in weight.grad().
using Op = std::function<Tensor(const Tensors& inputs, const Tensors& weights)>;

struct Result {
  Tensor output;
  Tensors gradients;  ///< of the inputs, then of the weights
};

/// Leaves of the dtype that require gradients; undefined tensors stay undefined.
inline Tensors leaves(const Tensors& tensors, at::ScalarType type) {
  Tensors out;
  for (const Tensor& tensor : tensors) {
    out.push_back(tensor.defined() ? tensor.detach().to(type, false, /*copy=*/true).requires_grad_()
                                   : tensor);
  }
  return out;
}

inline Result run(const Op& op, const Tensors& inputs, const Tensors& weights,
                  at::ScalarType type) {
  const Tensors in = leaves(inputs, type);
  const Tensors w = leaves(weights, type);
  Result result{op(in, w), {}};
  const auto wide = type == at::kDouble ? type : at::kFloat;
  const Tensor out = result.output.to(wide);
  const Tensor probe =
      at::linspace(-1, 1, out.numel(), out.options().requires_grad(false)).view_as(out).cos();
  if (out.dim() == 0) {
    out.backward();
  } else {
    (out * probe).sum().backward();
  }
  result.output = result.output.detach();
  for (const Tensors& group : {in, w}) {
    for (const Tensor& leaf : group) {
      if (leaf.defined()) result.gradients.push_back(leaf.grad());
    }
  }
  return result;
}

/// Largest difference relative to the largest value of `expected`.
inline double relative_error(const Tensor& actual, const Tensor& expected) {
  const Tensor a = actual.to(at::kDouble);
  const Tensor e = expected.to(at::kDouble);
  if (e.numel() == 0) return 0;
  return ((a - e).abs().max() / e.abs().max().clamp_min(1e-6)).item<double>();
}

inline void expect_close(const Result& actual, const Result& expected, double tolerance,
                         const std::string& what) {
  ASSERT_EQ(actual.output.sizes(), expected.output.sizes()) << what;
  EXPECT_LT(relative_error(actual.output, expected.output), tolerance) << what << ": output";
  ASSERT_EQ(actual.gradients.size(), expected.gradients.size()) << what;
  for (size_t i = 0; i < actual.gradients.size(); ++i) {
    ASSERT_TRUE(actual.gradients[i].defined()) << what << ": gradient " << i;
    EXPECT_LT(relative_error(actual.gradients[i], expected.gradients[i]), tolerance)
        << what << ": gradient " << i;
  }
}

}  // namespace slovo::testing
