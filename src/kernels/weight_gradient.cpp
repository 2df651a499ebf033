// A sum of outer products: for each pair of tokens, two bf16 of grad times two of x for every
// element of the weight, which is what AVX-512's bf16 dot product does. Both operands lie token
// after token, so packing them only interleaves two rows, and nothing is transposed.
#include "kernels/weight_gradient.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cstddef>

#include "kernels/lanes.h"
#include "kernels/scratch.h"

// GCC 12 warns of the undefined registers inside its own intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")

namespace slovo::kernels {
namespace {

// A Pair holds the values of two neighbouring tokens.

constexpr size_t kHalves = 2 * kLanes;  ///< bf16 of a vector
constexpr size_t kTileRows = kWeightGradientRows;
constexpr size_t kTileVectors = 4;
constexpr size_t kTileColumns = kTileVectors * kLanes;
/// Pairs of tokens at once: a panel of x stays in the first caches while all rows pass by it.
constexpr size_t kPairs = 128;
constexpr int64_t kAhead = 16;  ///< tokens that are fetched before they are packed
/// Rows of the gradient that are packed together: whole tiles, and whole vectors of bf16.
constexpr size_t kGroupVectors = 3;
constexpr size_t kGroupRows = kGroupVectors * kHalves;
static_assert(kGroupRows % kTileRows == 0);
constexpr size_t kGroupWords = kPairs * kGroupRows;
/// Groups at once, which stay in the second cache.
constexpr size_t kBlockGroups = 4;

__mmask32 first_halves(size_t begin, size_t end) {
  if (begin >= end) return 0;
  return end - begin >= kHalves ? ~__mmask32{0} : (__mmask32{1} << (end - begin)) - 1;
}

/// Two rows of bf16 side by side: word i of the result holds a[i] below and b[i] above.
class Interleave {
 public:
  Interleave() {
    alignas(64) uint16_t order[2][kHalves];
    for (size_t i = 0; i < kHalves; ++i) {
      order[0][i] = static_cast<uint16_t>(i / 2 + i % 2 * kHalves);
      order[1][i] = static_cast<uint16_t>(order[0][i] + kLanes);
    }
    lower_ = _mm512_load_si512(order[0]);
    upper_ = _mm512_load_si512(order[1]);
  }
  __m512i lower(__m512i a, __m512i b) const { return _mm512_permutex2var_epi16(a, lower_, b); }
  __m512i upper(__m512i a, __m512i b) const { return _mm512_permutex2var_epi16(a, upper_, b); }

 private:
  __m512i lower_, upper_;
};

/// Packs columns [first, end) of the rows of tokens [token, tokens), `pairs` times two of them, as
/// words [pairs, V vectors of bf16]; what lies past the ends is zero. With `sums`, adds each
/// column's sum to them.
template <size_t V>
void pack(const Bf16* data, int64_t step, size_t token, size_t tokens, size_t pairs, size_t first,
          size_t end, Pair* to, float* sums) {
  const Interleave interleave;
  const auto ones = reinterpret_cast<__m512bh>(_mm512_set1_epi32(0x3F803F80));
  __mmask32 halves[V];
  __m512 totals[2 * V];
  for (size_t v = 0; v < V; ++v) {
    halves[v] = first_halves(first + v * kHalves, end);
    totals[2 * v] = totals[2 * v + 1] = _mm512_setzero_ps();
  }
  const Bf16* a = data + static_cast<int64_t>(token) * step + first;
  for (size_t pair = 0; pair < pairs; ++pair, a += 2 * step, to += V * kHalves) {
    const bool both = token + 2 * pair + 1 < tokens;
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) {
      // Rows lie too far apart for the processor to fetch the next ones by itself.
      for (int64_t row = kAhead; row < kAhead + 2; ++row)
        _mm_prefetch(reinterpret_cast<const char*>(a + row * step + v * kHalves), _MM_HINT_T0);
      const __m512i x = _mm512_maskz_loadu_epi16(halves[v], a + v * kHalves);
      const __m512i y = _mm512_maskz_loadu_epi16(both ? halves[v] : 0, a + step + v * kHalves);
      const __m512i words[2] = {interleave.lower(x, y), interleave.upper(x, y)};
#pragma GCC unroll 2
      for (size_t k = 0; k < 2; ++k) {
        _mm512_storeu_si512(to + v * kHalves + k * kLanes, words[k]);
        if (sums == nullptr) continue;
        totals[2 * v + k] =
            _mm512_dpbf16_ps(totals[2 * v + k], reinterpret_cast<__m512bh>(words[k]), ones);
      }
    }
  }
  for (size_t v = 0; sums != nullptr && v < 2 * V; ++v) {
    const __mmask16 lanes = first_lanes(first + v * kLanes, end);
    float* const sum = sums + first + v * kLanes;
    _mm512_mask_storeu_ps(sum, lanes, _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, sum), totals[v]));
  }
}

/// sum [rows, columns] += grad^T x, at most a tile of them; grad [pairs, kGroupRows],
/// x [pairs, kTileColumns].
void add_tile(const Pair* grad, const Pair* x, size_t pairs, float* sum, size_t step, size_t rows,
              size_t columns) {
  __m512 sums[kTileRows][kTileVectors];
#pragma GCC unroll 8
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kTileVectors; ++v) {
      sums[r][v] = _mm512_setzero_ps();
      // Read at the end; a prefetch past the weight does no harm.
      _mm_prefetch(reinterpret_cast<const char*>(sum + r * step + v * kLanes), _MM_HINT_T0);
    }
  }
  for (size_t pair = 0; pair < pairs; ++pair) {
    __m512bh columns_of_x[kTileVectors];
#pragma GCC unroll 4
    for (size_t v = 0; v < kTileVectors; ++v) {
      columns_of_x[v] =
          reinterpret_cast<__m512bh>(_mm512_loadu_si512(x + pair * kTileColumns + v * kLanes));
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < kTileRows; ++r) {
      const auto word = reinterpret_cast<__m512bh>(
          _mm512_set1_epi32(static_cast<int>(grad[pair * kGroupRows + r])));
#pragma GCC unroll 4
      for (size_t v = 0; v < kTileVectors; ++v)
        sums[r][v] = _mm512_dpbf16_ps(sums[r][v], word, columns_of_x[v]);
    }
  }
#pragma GCC unroll 8
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kTileVectors; ++v) {
      const __mmask16 lanes = r < rows ? first_lanes(v * kLanes, columns) : __mmask16{0};
      float* const to = sum + r * step + v * kLanes;
      _mm512_mask_storeu_ps(to, lanes, _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, to), sums[r][v]));
    }
  }
}

/// Rows [first, end) of the weight's gradient, from `pairs` pairs of tokens.
void add_block(const WeightGradient& item, size_t token, size_t pairs, size_t first, size_t end,
               Pair* grad, Pair* x) {
  const auto tokens = static_cast<size_t>(item.tokens);
  const auto columns = static_cast<size_t>(item.columns);
  for (size_t row = first; row < end; row += kGroupRows) {
    pack<kGroupVectors>(item.grad, item.grad_step, token, tokens, pairs, row, end,
                        grad + (row - first) * kPairs, item.bias_sum);
  }
  for (size_t column = 0; column < columns; column += kTileColumns) {
    pack<kTileColumns / kHalves>(item.x, item.x_step, token, tokens, pairs, column, columns, x,
                                 nullptr);
    for (size_t row = first; row < end; row += kTileRows) {
      const size_t in_block = row - first;
      add_tile(grad + in_block / kGroupRows * kGroupWords + in_block % kGroupRows, x, pairs,
               item.sum + row * columns + column, columns, std::min(kTileRows, end - row),
               std::min(kTileColumns, columns - column));
    }
  }
}

}  // namespace

void add_weight_gradient(const WeightGradient& item) {
  const auto tokens = static_cast<size_t>(item.tokens);
  const auto rows = static_cast<size_t>(item.rows);
  constexpr size_t kGradWords = kBlockGroups * kGroupWords;
  constexpr size_t kPanelWords = kPairs * kTileColumns;
  Scratch& scratch =
      Scratch::for_thread(Scratch::rounded(kGradWords) + Scratch::rounded(kPanelWords));
  // Words and floats both take 4 bytes.
  auto* const grad = reinterpret_cast<Pair*>(scratch.take(kGradWords));
  auto* const x = reinterpret_cast<Pair*>(scratch.take(kPanelWords));
  for (size_t first = 0; first < rows; first += kBlockGroups * kGroupRows) {
    const size_t end = std::min(first + kBlockGroups * kGroupRows, rows);
    for (size_t token = 0; token < tokens; token += 2 * kPairs)
      add_block(item, token, std::min(kPairs, (tokens - token + 1) / 2), first, end, grad, x);
  }
}

}  // namespace slovo::kernels

#pragma GCC pop_options

#else

namespace slovo::kernels {

void add_weight_gradient(const WeightGradient&) {}

}  // namespace slovo::kernels

#endif
