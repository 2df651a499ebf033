// The elementwise parts of a step of Muon: what comes before and behind the matrix products that
// make the momentum orthogonal. The matrices lie by rows without gaps; the orthogonal factor is
// fp32 or bf16.
#pragma once

#include <cstdint>

#include "kernels/update.h"

namespace slovo::kernels {

struct MuonFactors {
  float grad_scale;  ///< multiplies the gradient: clipping
  float momentum;
  float gain;     ///< 1 - momentum
  uint32_t seed;  ///< of the rounding of a momentum in bf16
  float decay;    ///< 1 - lr * weight_decay
  bool cautious;  ///< decay only where the update makes the weight smaller too
};

/// Moves the momentum towards the gradient, leaves Nesterov's look ahead in range.grad and returns
/// its sum of squares.
double muon_momentum(const MuonFactors& factors, const UpdateRange& range, float* m);
double muon_momentum(const MuonFactors& factors, const UpdateRange& range, Bf16* m);

/// x = scale * values; values = 0.
void muon_take(float scale, int64_t count, float* values, float* x);
void muon_take(float scale, int64_t count, float* values, Bf16* x);

/// out[r] = mean of the squares of row r of x.
void row_mean_squares(int64_t rows, int64_t columns, const float* x, float* out);
void row_mean_squares(int64_t rows, int64_t columns, const Bf16* x, float* out);

/// master = decay * master - scales[r] * x, row by row; leaves range.grad alone.
void muon_apply(const MuonFactors& factors, const UpdateRange& range, int64_t columns,
                const float* scales, const float* x);
void muon_apply(const MuonFactors& factors, const UpdateRange& range, int64_t columns,
                const float* scales, const Bf16* x);

}  // namespace slovo::kernels
