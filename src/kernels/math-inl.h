// Included once per instruction set: the exponential, its relatives, and a register-tiled matrix
// product.
#if defined(SLOVO_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SLOVO_KERNELS_MATH_INL_H_
#undef SLOVO_KERNELS_MATH_INL_H_
#else
#define SLOVO_KERNELS_MATH_INL_H_
#endif

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

/// e^x to 2 ulp; x is clamped to the range whose result is a normal number, so exp(-inf) is 1e-38,
/// not 0.
HWY_INLINE VF exp(VF x) {
  const F32 d;
  const hn::Rebind<int32_t, F32> integer;
  x = hn::Min(hn::Max(x, hn::Set(d, -87.3f)), hn::Set(d, 88.3f));
  const VF n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504f)));
  // ln 2 in two parts keeps r exact; the polynomial is the Taylor-like minimax of Cephes.
  VF r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  VF p = hn::Set(d, 1.9875691500e-4f);
  p = hn::MulAdd(p, r, hn::Set(d, 1.3981999507e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 8.3334519073e-3f));
  p = hn::MulAdd(p, r, hn::Set(d, 4.1665795894e-2f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.6666665459e-1f));
  p = hn::MulAdd(p, r, hn::Set(d, 5.0000001201e-1f));
  p = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, hn::Set(d, 1.0f)));
  const auto power = hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(integer, n), hn::Set(integer, 127)));
  return hn::Mul(p, hn::BitCast(d, power));
}

/// Rows of a tile: as many accumulators as the registers hold beside two columns of B and one value
/// of A.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr size_t kTileRows = 12;
#else
constexpr size_t kTileRows = 6;
#endif
/// Columns of a tile.
HWY_INLINE size_t tile_columns() { return 2 * lanes(); }

/// C [kTileRows, V vectors] = (or, with `add`, +=) A B over `depth`; A [row_step, depth_step] is
/// read element by element, so either of its dimensions may be the contiguous one; B [b_step, 1].
template <size_t V>
HWY_INLINE void tile(const float* a, size_t row_step, size_t depth_step, const float* b,
                     size_t b_step, size_t depth, float* c, size_t c_step, bool add) {
  const F32 d;
  const size_t n = lanes();
  VF sums[kTileRows][V];
#pragma GCC unroll 16
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) sums[r][v] = hn::Zero(d);
  }
  for (size_t k = 0; k < depth; ++k) {
    VF columns[V];
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) columns[v] = load(b + k * b_step + v * n);
#pragma GCC unroll 16
    for (size_t r = 0; r < kTileRows; ++r) {
      const VF value = hn::Set(d, a[k * depth_step + r * row_step]);
#pragma GCC unroll 4
      for (size_t v = 0; v < V; ++v) sums[r][v] = hn::MulAdd(value, columns[v], sums[r][v]);
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) {
      float* const to = c + r * c_step + v * n;
      store(add ? hn::Add(load(to), sums[r][v]) : sums[r][v], to);
    }
  }
}

/// `tile` over all `columns` (a multiple of the lanes) of B and C.
HWY_INLINE void tile_row(const float* a, size_t row_step, size_t depth_step, const float* b,
                         size_t b_step, size_t depth, float* c, size_t c_step, size_t columns,
                         bool add) {
  size_t j = 0;
  for (; j + tile_columns() <= columns; j += tile_columns()) {
    tile<2>(a, row_step, depth_step, b + j, b_step, depth, c + j, c_step, add);
  }
  if (j < columns) tile<1>(a, row_step, depth_step, b + j, b_step, depth, c + j, c_step, add);
}

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
