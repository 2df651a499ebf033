#include "ops/muon.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "core/error.h"
#include "kernels/muon.h"
#include "ops/dispatch.h"

namespace slovo::ops {
namespace {

/// Decay of the running mean square of each row, as the paper of NorMuon has it.
constexpr double kRowDecay = 0.95;
constexpr double kLeastSquare = 1e-10;

struct Polynomial {
  double a, b, c;  ///< a s + b s^3 + c s^5
};

/// Of the two methods' iteration number i.
Polynomial polynomial(MuonMethod method, int64_t i) {
  if (method == MuonMethod::newton_schulz) return {3.4445, -4.7750, 2.0315};
  // arXiv:2505.16932 for five iterations, with its safety factor; the last one may be repeated.
  constexpr std::array<Polynomial, 5> kPolarExpress = {{
      {8.156554524902461, -22.48329292557795, 15.878769915207462},
      {4.042929935166739, -2.808917465908714, 0.5000178451051316},
      {3.8916678022926607, -2.772484153217685, 0.5060648178503393},
      {3.285753657755655, -2.3681294933425376, 0.46449024233003106},
      {2.3465413258596377, -1.7097828382687081, 0.42323551169305323},
  }};
  return kPolarExpress[static_cast<size_t>(std::min<int64_t>(i, 4))];
}

/// What a matrix of this Frobenius norm is multiplied by so that its spectral norm is at most 1.
template <class Number>
Number shrinking(MuonMethod method, const Number& norm) {
  return method == MuonMethod::newton_schulz ? 1 / (norm + 1e-7) : 1 / (1.01 * norm + 1e-6);
}

kernels::MuonFactors kernel_factors(const MuonOptions& o) {
  const auto f = [](double x) { return static_cast<float>(x); };
  return {f(o.grad_scale), f(o.momentum), f(1 - o.momentum), detail::rounding_seed(o.step, 0),
          f(o.decay),      o.cautious};
}

/// The work on matrices of one shape in blocks of rows, which threads share out.
class RowBlocks {
 public:
  explicit RowBlocks(const std::vector<MuonMatrix>& matrices)
      : rows_(matrices.front().buffers.master.size(0)),
        columns_(matrices.front().buffers.master.size(1)),
        block_rows_(std::clamp<int64_t>(detail::kUpdateBlock / columns_, 1, rows_)),
        per_matrix_((rows_ + block_rows_ - 1) / block_rows_),
        count_(per_matrix_ * static_cast<int64_t>(matrices.size())) {}

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t per_matrix() const { return per_matrix_; }
  int64_t count() const { return count_; }

  /// body(block, matrix, first row, rows)
  template <class Body>
  void for_each(const Body& body) const {
    at::parallel_for(0, count_, 1, [&](int64_t from, int64_t to) {
      for (int64_t block = from; block < to; ++block) {
        const int64_t row = block % per_matrix_ * block_rows_;
        body(block, block / per_matrix_, row, std::min(block_rows_, rows_ - row));
      }
    });
  }

 private:
  int64_t rows_, columns_, block_rows_, per_matrix_, count_;
};

/// Moves the momenta and returns Nesterov's look ahead, shrunk: [n, rows, columns]. Leaves the
/// gradients zero.
template <class Element>
void take_directions(const std::vector<MuonMatrix>& matrices, const MuonOptions& o,
                     const RowBlocks& blocks, Element* out) {
  const kernels::MuonFactors factors = kernel_factors(o);
  const int64_t columns = blocks.columns();
  const auto range = [&](int64_t matrix, int64_t row, int64_t rows) {
    return detail::kernel_range(matrices[static_cast<size_t>(matrix)].buffers, row * columns,
                                rows * columns);
  };
  std::vector<double> squares(static_cast<size_t>(blocks.count()));
  blocks.for_each([&](int64_t block, int64_t matrix, int64_t row, int64_t rows) {
    detail::with_elements(matrices[static_cast<size_t>(matrix)].momentum, [&](auto* m) {
      squares[static_cast<size_t>(block)] =
          kernels::muon_momentum(factors, range(matrix, row, rows), m + row * columns);
    });
  });
  std::vector<float> scales;
  for (size_t matrix = 0; matrix < matrices.size(); ++matrix) {
    double total = 0;
    for (int64_t i = 0; i < blocks.per_matrix(); ++i) {
      total += squares[matrix * static_cast<size_t>(blocks.per_matrix()) + static_cast<size_t>(i)];
    }
    scales.push_back(static_cast<float>(shrinking(o.method, std::sqrt(total))));
  }
  blocks.for_each([&](int64_t, int64_t matrix, int64_t row, int64_t rows) {
    kernels::muon_take(scales[static_cast<size_t>(matrix)], rows * columns,
                       range(matrix, row, rows).grad,
                       out + (matrix * blocks.rows() + row) * columns);
  });
}

/// NorMuon: the factor of each row of a matrix, from the mean squares of its orthogonal factor.
void scale_rows(float* running, const float* squares, int64_t rows, double move, float* scales) {
  double before = 0;
  double after = 0;
  for (int64_t r = 0; r < rows; ++r) {
    running[r] += static_cast<float>(1 - kRowDecay) * (squares[r] - running[r]);
    const double factor = 1 / std::sqrt(std::max<double>(running[r], kLeastSquare));
    scales[r] = static_cast<float>(factor);
    before += squares[r];
    after += squares[r] * factor * factor;
  }
  const double whole = move * std::sqrt(before / std::max(after, kLeastSquare));
  for (int64_t r = 0; r < rows; ++r) scales[r] = static_cast<float>(scales[r] * whole);
}

template <class Element>
void apply_directions(const std::vector<MuonMatrix>& matrices, const MuonOptions& o,
                      const RowBlocks& blocks, const Element* x) {
  const int64_t columns = blocks.columns();
  const auto total = static_cast<size_t>(blocks.rows()) * matrices.size();
  std::vector<float> scales(total, static_cast<float>(o.move));
  if (matrices.front().row_squares.defined()) {
    std::vector<float> squares(total);
    blocks.for_each([&](int64_t, int64_t matrix, int64_t row, int64_t rows) {
      const int64_t first = matrix * blocks.rows() + row;
      kernels::row_mean_squares(rows, columns, x + first * columns, squares.data() + first);
    });
    for (size_t i = 0; i < matrices.size(); ++i) {
      const size_t first = i * static_cast<size_t>(blocks.rows());
      scale_rows(matrices[i].row_squares.mutable_data_ptr<float>(), squares.data() + first,
                 blocks.rows(), o.move, scales.data() + first);
    }
  }
  const kernels::MuonFactors factors = kernel_factors(o);
  blocks.for_each([&](int64_t, int64_t matrix, int64_t row, int64_t rows) {
    const int64_t first = matrix * blocks.rows() + row;
    const auto range = detail::kernel_range(matrices[static_cast<size_t>(matrix)].buffers,
                                            row * columns, rows * columns);
    kernels::muon_apply(factors, range, columns, scales.data() + first, x + first * columns);
  });
}

/// NorMuon: divides the rows of x by their running size, and keeps the size of the whole.
at::Tensor evened_rows(const at::Tensor& x, const at::Tensor& row_squares) {
  const at::Tensor squares = x.square().mean(1);
  row_squares.lerp_(squares, 1 - kRowDecay);
  const at::Tensor factor = row_squares.clamp_min(kLeastSquare).rsqrt();
  const at::Tensor after = (squares * factor.square()).sum().clamp_min(kLeastSquare);
  return x * (factor * (squares.sum() / after).sqrt()).unsqueeze(1);
}

void reference_step(const std::vector<MuonMatrix>& matrices, const MuonOptions& o) {
  std::vector<at::Tensor> directions;
  for (const MuonMatrix& matrix : matrices) {
    const at::Tensor grad = matrix.buffers.grad * o.grad_scale;
    const at::Tensor momentum = matrix.momentum.to(at::kFloat).lerp(grad, 1 - o.momentum);
    detail::keep_moment(matrix.momentum, momentum, detail::rounding_seed(o.step, 0),
                        matrix.buffers.first);
    const at::Tensor ahead = grad.lerp(momentum, o.momentum);
    const at::Tensor norm = ahead.square().sum(at::kDouble).sqrt();
    directions.push_back((ahead * shrinking(o.method, norm)).to(o.product_dtype));
  }
  const at::Tensor all =
      orthogonalized(at::stack(directions), o.method, o.iterations).to(at::kFloat);
  for (size_t i = 0; i < matrices.size(); ++i) {
    const MuonMatrix& matrix = matrices[i];
    at::Tensor x = all[static_cast<int64_t>(i)];
    if (matrix.row_squares.defined()) x = evened_rows(x, matrix.row_squares);
    detail::apply_move(matrix.buffers, x * o.move, o.decay, o.cautious);
  }
}

}  // namespace

at::Tensor orthogonalized(at::Tensor x, MuonMethod method, int64_t iterations) {
  const bool tall = x.size(1) > x.size(2);
  const int64_t side = std::min(x.size(1), x.size(2));
  // Products into the same few buffers; the smaller of x x^T and x^T x.
  at::Tensor gram = at::empty({x.size(0), side, side}, x.options());
  at::Tensor factor = at::empty_like(gram);
  at::Tensor next = at::empty_like(x);
  for (int64_t i = 0; i < iterations; ++i) {
    const auto [a, b, c] = polynomial(method, i);
    const at::Tensor turned = x.transpose(1, 2);
    tall ? at::bmm_out(gram, turned, x) : at::bmm_out(gram, x, turned);
    at::baddbmm_out(factor, gram, gram, gram, b, c);
    tall ? at::baddbmm_out(next, x, x, factor, a, 1) : at::baddbmm_out(next, x, factor, x, a, 1);
    std::swap(x, next);
  }
  return x;
}

void muon_step(const std::vector<MuonMatrix>& matrices, const MuonOptions& options) {
  at::NoGradGuard no_grad;
  for (const MuonMatrix& matrix : matrices) {
    detail::check_update(matrix.buffers, matrix.momentum);
    SLOVO_CHECK(matrix.buffers.master.sizes() == matrices.front().buffers.master.sizes() &&
                    matrix.row_squares.defined() == matrices.front().row_squares.defined(),
                "matrices alike");
  }
  const at::Tensor& like = matrices.front().buffers.master;
  if (!detail::use_fast(like)) return reference_step(matrices, options);
  const RowBlocks blocks(matrices);
  at::Tensor x = at::empty({static_cast<int64_t>(matrices.size()), blocks.rows(), blocks.columns()},
                           like.options().dtype(options.product_dtype));
  detail::with_elements(x, [&](auto* out) { take_directions(matrices, options, blocks, out); });
  x = orthogonalized(x, options.method, options.iterations);
  detail::with_elements(x, [&](auto* out) { apply_directions(matrices, options, blocks, out); });
}

}  // namespace slovo::ops
