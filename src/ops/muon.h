// Muon: momentum made orthogonal (kellerjordan.github.io/posts/muon, arXiv:2502.16982).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "config/config.h"
#include "ops/update.h"

namespace slovo::ops {

/// A matrix, or the rows of one that are a matrix of their own, in the flat buffers.
struct MuonMatrix {
  UpdateBuffers buffers;   ///< [rows, columns] each, contiguous
  at::Tensor momentum;     ///< [rows, columns], fp32 or bf16
  at::Tensor row_squares;  ///< [rows] fp32: running mean square of each row; undefined without
};

struct MuonOptions {
  double move = 0;   ///< factor of the orthogonal matrix: the rate, shape included
  double decay = 1;  ///< factor of the weights: 1 - rate * weight decay
  bool cautious = false;
  double momentum = 0.95;
  double grad_scale = 1;
  int64_t step = 1;
  MuonMethod method = MuonMethod::newton_schulz;
  int64_t iterations = 5;
  at::ScalarType product_dtype = at::kFloat;  ///< of the matrix products: fp32 or bf16
};

/// One step for matrices of one shape, computed together:
///   m = momentum m + (1 - momentum) g;  u = momentum m + (1 - momentum) g   (Nesterov)
///   o = orthogonal(u);  where row_squares are given, o = NorMuon's (arXiv:2510.05491): each row
///   divided by the root of its running mean square, the whole kept at o's own norm
///   w = decay w - move o
void muon_step(const std::vector<MuonMatrix>& matrices, const MuonOptions& options);

/// Nearly U V^T of the matrices x = U S V^T of a batch [n, rows, columns], whose spectral norms are
/// at most 1: an odd polynomial of degree 5 in S, some times over. newton_schulz takes one whose
/// slope at 0 is steep and leaves the singular values between 0.7 and 1.2; polar_express one for
/// each iteration, best for what is left (arXiv:2505.16932).
at::Tensor orthogonalized(at::Tensor x, MuonMethod method, int64_t iterations);

}  // namespace slovo::ops
