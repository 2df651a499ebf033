// The gradient of a weight matrix from bf16 rows, summed in fp32 where it will stay.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

/// sum [rows, columns] += grad^T x, over tokens; bias_sum [rows] += the sum of grad over tokens.
struct WeightGradient {
  int64_t tokens, rows, columns;
  const Bf16* grad;  ///< [tokens, rows]
  int64_t grad_step;
  const Bf16* x;  ///< [tokens, columns]
  int64_t x_step;
  float* sum;       ///< [rows, columns], the rows next to each other
  float* bias_sum;  ///< null: not wanted
};

/// Rows of `sum` that are worked on together; a thread's share is best a multiple of it.
constexpr int64_t kWeightGradientRows = 6;
/// Only where bf16_products_available(). Products are of bf16, sums fp32, token after token: each
/// element is the same however the rows are shared out.
void add_weight_gradient(const WeightGradient& item);

}  // namespace slovo::kernels
