// Attention in bf16 on processors with AVX-512's bf16 dot products: the products take pairs of bf16
// and sum in fp32, the softmax is fp32. Google Highway 1.0 has no such product, so these are
// intrinsics.
#include "kernels/attention.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention_block.h"
#include "kernels/bf16.h"
#include "kernels/lanes.h"
#include "kernels/scratch.h"

// GCC 12 warns of the undefined registers inside its own intrinsics (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")

namespace slovo::kernels {
namespace {

// Operands of a product over depth: A is read as pairs of bf16 along the depth, one 32-bit word
// each; B is packed as such words, [depth / 2, columns].

constexpr size_t kTileRows = 12;
constexpr size_t kTileColumns = 2 * kLanes;
// Blocks of queries and keys: multiples of a tile's rows and columns.
constexpr size_t kQueries = 96;
constexpr size_t kKeys = 288;
/// Words of one row of weights, and floats of one row of scores: room for a tile past the end.
constexpr size_t kScoreStep = kKeys + kTileColumns;
constexpr float kUnset = -1e30f;
constexpr float kLog2E = 1.44269504f;

constexpr BlockSizes kBlocks{kQueries, kKeys, kTileRows, kTileColumns};

size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

struct Shape {
  size_t length, rows, size, width;  ///< tokens, padded to tiles; head size, padded to vectors
  explicit Shape(const AttentionItem& item)
      : length(static_cast<size_t>(item.length)),
        rows(round_up(round_up(length, kTileRows), kTileColumns)),
        size(static_cast<size_t>(item.head_dim)),
        width(round_up(size, kLanes)) {}
  size_t pairs() const { return width / 2; }       ///< along the head
  size_t words() const { return rows * pairs(); }  ///< of all tokens of a head in bf16
};

__m512 widen(__m256i bf16) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bf16), 16));
}
__m512i to_bits(__m512 v) {
  return _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v)));
}

/// 2^x to 3e-6, for the weights that bf16 will hold; 0 below the range.
__m512 exp2(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-126.0f));
  const __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(x, n);
  __m512 p = _mm512_set1_ps(9.5701013e-3f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5917859e-2f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4024744e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9312179e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.9999928e-1f));
  return _mm512_scalef_ps(p, n);
}

/// One head's tokens [rows, width] as they are, padded with zeros.
void load_rows(const Shape& s, const HeadRows& from, size_t head, Pair* to) {
  // Tokens lie too far apart for the processor to fetch the next ones by itself.
  constexpr int64_t kAhead = 16;
  const auto* row =
      static_cast<const Bf16*>(from.data) + static_cast<int64_t>(head) * from.head_step;
  for (size_t t = 0; t < s.length; ++t, row += from.step, to += s.pairs()) {
    for (size_t i = 0; i < s.size; i += 2 * kLanes)
      _mm_prefetch(reinterpret_cast<const char*>(row + kAhead * from.step + i), _MM_HINT_T0);
    for (size_t i = 0; i < s.width; i += kLanes) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i / 2),
                          _mm256_maskz_loadu_epi16(first_lanes(i, s.size), row + i));
    }
  }
  std::memset(to, 0, (s.rows - s.length) * s.pairs() * sizeof(Pair));
}

/// B of a product over the head: panels of kTileColumns tokens, each [pairs, kTileColumns].
void pack_panels(const Shape& s, const Pair* rows, Pair* panels) {
  for (size_t begin = 0; begin < s.rows; begin += kTileColumns) {
    Pair* const panel = panels + begin * s.pairs();
    for (size_t i = 0; i < s.pairs(); ++i) {
      for (size_t j = 0; j < kTileColumns; ++j)
        panel[i * kTileColumns + j] = rows[(begin + j) * s.pairs() + i];
    }
  }
}

/// B of a product over tokens: [rows / 2, width], two neighbouring tokens in each word.
void pack_token_pairs(const Shape& s, const Pair* rows, Pair* out) {
  const auto* const values = reinterpret_cast<const Bf16*>(rows);
  for (size_t t = 0; t < s.rows; t += 2) {
    for (size_t i = 0; i < s.width; i += kLanes) {
      const auto row = [&](size_t k) {
        return _mm512_cvtepu16_epi32(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + (t + k) * s.width + i)));
      };
      _mm512_storeu_si512(out + t / 2 * s.width + i,
                          _mm512_or_si512(row(0), _mm512_slli_epi32(row(1), 16)));
    }
  }
}

/// C [kTileRows, V vectors] = (or, with `add`, +=) A B over `depth` words.
template <size_t V>
void tile(const Pair* a, size_t row_step, size_t depth_step, const Pair* b, size_t b_step,
          size_t depth, float* c, size_t c_step, bool add) {
  __m512 sums[kTileRows][V];
#pragma GCC unroll 16
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v)
      sums[r][v] = add ? _mm512_loadu_ps(c + r * c_step + v * kLanes) : _mm512_setzero_ps();
  }
  for (size_t k = 0; k < depth; ++k) {
    __m512bh columns[V];
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) {
      columns[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + k * b_step + v * kLanes));
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kTileRows; ++r) {
      const auto pair = reinterpret_cast<__m512bh>(
          _mm512_set1_epi32(static_cast<int>(a[k * depth_step + r * row_step])));
#pragma GCC unroll 4
      for (size_t v = 0; v < V; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], pair, columns[v]);
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v) _mm512_storeu_ps(c + r * c_step + v * kLanes, sums[r][v]);
  }
}

/// `tile` over all `columns` of B and C, a multiple of the lanes.
void tile_row(const Pair* a, size_t row_step, size_t depth_step, const Pair* b, size_t b_step,
              size_t depth, float* c, size_t c_step, size_t columns, bool add) {
  size_t j = 0;
  for (; j + kTileColumns <= columns; j += kTileColumns)
    tile<2>(a, row_step, depth_step, b + j, b_step, depth, c + j, c_step, add);
  if (j < columns) tile<1>(a, row_step, depth_step, b + j, b_step, depth, c + j, c_step, add);
}

/// Row r is read up to here: a tile past the last key seen.
size_t read_to(const AttentionBlock& b, size_t r) {
  return std::min(round_up(b.seen(r) + kTileRows, kLanes), kKeys);
}
/// Which of the lanes from key j on a row sees.
__mmask16 seen_lanes(size_t unseen, size_t seen, size_t j) {
  return _kandn_mask16(first_lanes(j, unseen), first_lanes(j, seen));
}

/// scores [count, keys] = rows (of the block's queries) x panels^T, where some query of the tile
/// sees the key.
void multiply_panels(const Shape& s, const AttentionBlock& b, const Pair* rows, const Pair* panels,
                     float* scores) {
  for (size_t j = b.tile_begin(0); j < b.keys_end(); j += kTileColumns) {
    const Pair* const panel = panels + (b.k0 + j) * s.pairs();
    for (size_t r = 0; r < b.count; r += kTileRows) {
      if (j < b.tile_begin(r) || j >= b.tile_end(r)) continue;
      tile<2>(rows + (b.q0 + r) * s.pairs(), s.pairs(), 1, panel, kTileColumns, s.pairs(),
              scores + r * kScoreStep + j, kScoreStep, /*add=*/false);
    }
  }
}

/// The running softmax of one query (arXiv:1805.02867), in powers of two.
struct RowState {
  float max, sum;
};

/// Writes 2^(factor * score - max) as bf16 and zeros beside; returns the factor for what was summed
/// before.
float softmax_row(const float* scores, const AttentionBlock& b, size_t r, float factor,
                  RowState& state, Bf16* weights) {
  const size_t begin = b.read_from(r);
  const size_t end = read_to(b, r);
  const size_t unseen = b.unseen(r);
  const size_t seen = b.seen(r);
  __m512 largest = _mm512_set1_ps(kUnset);
  for (size_t j = begin; j < seen; j += kLanes) {
    largest = _mm512_mask_max_ps(largest, seen_lanes(unseen, seen, j), largest,
                                 _mm512_loadu_ps(scores + j));
  }
  const float before = state.max;
  state.max = std::max(before, _mm512_reduce_max_ps(largest) * factor);
  __m512 total = _mm512_setzero_ps();
  for (size_t j = begin; j < end; j += kLanes) {
    const __m512 x = _mm512_fmsub_ps(_mm512_loadu_ps(scores + j), _mm512_set1_ps(factor),
                                     _mm512_set1_ps(state.max));
    const __m512 p = _mm512_maskz_mov_ps(seen_lanes(unseen, seen, j), exp2(x));
    total = _mm512_add_ps(total, p);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights + j),
                        reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(p)));
  }
  const float rescale = before == kUnset ? 0 : std::exp2(before - state.max);
  state.sum = state.sum * rescale + _mm512_reduce_add_ps(total);
  return rescale;
}

void scale_row(float* row, size_t width, float factor) {
  for (size_t i = 0; i < width; i += kLanes)
    _mm512_storeu_ps(row + i, _mm512_mul_ps(_mm512_loadu_ps(row + i), _mm512_set1_ps(factor)));
}

void store_rows(const Shape& s, const float* from, float factor, size_t begin, size_t end,
                const HeadRows& to, size_t head) {
  auto* const data = static_cast<Bf16*>(to.data) + static_cast<int64_t>(head) * to.head_step;
  for (size_t t = begin; t < end; ++t) {
    Bf16* const row = data + static_cast<int64_t>(t) * to.step;
    const float* const source = from + (t - begin) * s.width;
    for (size_t i = 0; i < s.size; i += kLanes) {
      const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(source + i), _mm512_set1_ps(factor));
      _mm256_mask_storeu_epi16(row + i, first_lanes(i, s.size),
                               reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v)));
    }
  }
}

struct ForwardState {
  Pair *q, *k_panels, *v_pairs;
  float* scores;
  Pair* weights;  ///< [queries, kScoreStep] bf16
  float* out;     ///< [queries, width]
};

/// Adds one block of keys to the running output of a block of queries.
void forward_block(const Shape& s, const AttentionBlock& b, float factor, ForwardState& x,
                   RowState* states) {
  multiply_panels(s, b, x.q, x.k_panels, x.scores);
  for (size_t r = 0; r < b.count; ++r) {
    auto* const weights = reinterpret_cast<Bf16*>(x.weights) + r * kScoreStep;
    const float rescale = softmax_row(x.scores + r * kScoreStep, b, r, factor, states[r], weights);
    if (!b.first() && rescale != 1) scale_row(x.out + r * s.width, s.width, rescale);
  }
  for (size_t r = 0; r < b.count; r += kTileRows) {
    const size_t begin = b.tile_begin(r);
    tile_row(x.weights + (r * kScoreStep + begin) / 2, kScoreStep / 2, 1,
             x.v_pairs + (b.k0 + begin) / 2 * s.width, s.width, (b.tile_keys(r) + 1) / 2,
             x.out + r * s.width, s.width, s.width, /*add=*/!b.first());
  }
}

/// Words of bf16 and floats both take 4 bytes, so one scratch serves both.
Pair* take_words(Scratch& scratch, size_t count) {
  return reinterpret_cast<Pair*>(scratch.take(count));
}

ForwardState take_forward(const Shape& s, Pair** rows) {
  constexpr size_t kBlockRows = kQueries + kTileRows;
  Scratch& scratch = Scratch::for_thread(4 * Scratch::rounded(s.words()) +
                                         2 * Scratch::rounded(kBlockRows * kScoreStep) +
                                         Scratch::rounded(kBlockRows * s.width));
  *rows = take_words(scratch, s.words());
  ForwardState x{};
  x.q = take_words(scratch, s.words());
  x.k_panels = take_words(scratch, s.words());
  x.v_pairs = take_words(scratch, s.words());
  x.scores = scratch.take(kBlockRows * kScoreStep);
  x.weights = take_words(scratch, kBlockRows * kScoreStep);
  x.out = scratch.take(kBlockRows * s.width);
  return x;
}

/// What the backward pass of one query head holds.
struct BackwardState {
  Pair *k_panels, *v_panels, *k_pairs;        ///< of the key/value head
  Pair *q, *q_pairs, *out_grad, *grad_pairs;  ///< of the query head
  float *k_grad, *v_grad, *q_grad;
  float* delta;  ///< [rows]: sum of out * out_grad
  const float* log_sums;
  float *scores, *products;  ///< one block
  /// One block: weights and the scores' gradient as pairs of queries [queries / 2, kScoreStep], and
  /// the latter as rows too.
  Pair *weights, *slopes, *slope_rows;
};

/// From scores and out_grad.v: the weights, and the gradient of the scores without `scale`.
void restore_weights(const AttentionBlock& b, float factor, BackwardState& x) {
  const __m512 scale = _mm512_set1_ps(factor);
  for (size_t r = 0; r < round_up(b.count, 2); r += 2) {
    const size_t read = std::max(read_to(b, r), read_to(b, r + 1));
    const size_t unseen[2] = {b.unseen(r), b.unseen(r + 1)};
    const size_t seen[2] = {b.seen(r), b.seen(r + 1)};
    for (size_t j = b.read_from(r); j < read; j += kLanes) {
      __m512i weight_bits[2];
      __m512i slope_bits[2];
      for (size_t k = 0; k < 2; ++k) {
        const size_t place = (r + k) * kScoreStep + j;
        const __mmask16 lanes = seen_lanes(unseen[k], seen[k], j);
        const __m512 log_sum =
            _mm512_set1_ps(x.log_sums[std::min(r + k, b.count - 1) + b.q0] * kLog2E);
        const __m512 power = _mm512_fmsub_ps(_mm512_loadu_ps(x.scores + place), scale, log_sum);
        const __m512 p = _mm512_maskz_mov_ps(lanes, exp2(power));
        const __m512 slope =
            _mm512_maskz_mul_ps(lanes, p,
                                _mm512_sub_ps(_mm512_loadu_ps(x.products + place),
                                              _mm512_set1_ps(x.delta[b.q0 + r + k])));
        weight_bits[k] = to_bits(p);
        slope_bits[k] = to_bits(slope);
        _mm256_storeu_si256(
            reinterpret_cast<__m256i*>(reinterpret_cast<Bf16*>(x.slope_rows) + place),
            _mm512_cvtepi32_epi16(slope_bits[k]));
      }
      const size_t pair_place = r / 2 * kScoreStep + j;
      _mm512_storeu_si512(x.weights + pair_place,
                          _mm512_or_si512(weight_bits[0], _mm512_slli_epi32(weight_bits[1], 16)));
      _mm512_storeu_si512(x.slopes + pair_place,
                          _mm512_or_si512(slope_bits[0], _mm512_slli_epi32(slope_bits[1], 16)));
    }
  }
}

/// sums [keys, width] += weights^T x rows (of the block's queries), for the keys that the block
/// sees.
void add_transposed(const Shape& s, const AttentionBlock& b, const Pair* weights,
                    const Pair* row_pairs, float* sums) {
  for (size_t j = b.keys_begin(); j < b.keys_end(); j += kTileRows) {
    const size_t first = b.rows_begin(j) / 2;
    const size_t end = (b.rows_end(j) + 1) / 2;
    if (first >= end) continue;
    tile_row(weights + first * kScoreStep + j, 1, kScoreStep,
             row_pairs + (b.q0 / 2 + first) * s.width, s.width, end - first,
             sums + (b.k0 + j) * s.width, s.width, s.width, /*add=*/true);
  }
}

void backward_block(const Shape& s, const AttentionBlock& b, float factor, BackwardState& x) {
  multiply_panels(s, b, x.q, x.k_panels, x.scores);
  multiply_panels(s, b, x.out_grad, x.v_panels, x.products);
  restore_weights(b, factor, x);
  add_transposed(s, b, x.weights, x.grad_pairs, x.v_grad);
  add_transposed(s, b, x.slopes, x.q_pairs, x.k_grad);
  for (size_t r = 0; r < b.count; r += kTileRows) {
    const size_t begin = b.tile_begin(r);
    tile_row(x.slope_rows + (r * kScoreStep + begin) / 2, kScoreStep / 2, 1,
             x.k_pairs + (b.k0 + begin) / 2 * s.width, s.width, (b.tile_keys(r) + 1) / 2,
             x.q_grad + (b.q0 + r) * s.width, s.width, s.width, /*add=*/!b.first());
  }
}

BackwardState take_backward(const Shape& s) {
  constexpr size_t kBlock = (kQueries + kTileRows) * kScoreStep;
  const size_t matrix = (s.rows + kTileRows) * s.width;
  Scratch& scratch =
      Scratch::for_thread(7 * Scratch::rounded(s.words()) + 3 * Scratch::rounded(matrix) +
                          Scratch::rounded(s.rows) + 5 * Scratch::rounded(kBlock));
  BackwardState x{};
  for (Pair** words :
       {&x.k_panels, &x.v_panels, &x.k_pairs, &x.q, &x.q_pairs, &x.out_grad, &x.grad_pairs})
    *words = take_words(scratch, s.words());
  for (float** values : {&x.k_grad, &x.v_grad, &x.q_grad}) *values = scratch.take(matrix);
  x.delta = scratch.take(s.rows);
  x.scores = scratch.take(kBlock);
  x.products = scratch.take(kBlock);
  for (Pair** words : {&x.weights, &x.slopes, &x.slope_rows}) *words = take_words(scratch, kBlock);
  return x;
}

/// out[t] = sum over the head of a[t] b[t], both bf16 rows.
void row_products(const Shape& s, const Pair* a, const Pair* b, float* out) {
  const auto row = [&](const Pair* x, size_t t, size_t i) {
    return widen(_mm256_loadu_si256(
        reinterpret_cast<const __m256i*>(reinterpret_cast<const Bf16*>(x) + t * s.width + i)));
  };
  for (size_t t = 0; t < s.rows; ++t) {
    __m512 total = _mm512_setzero_ps();
    for (size_t i = 0; i < s.width; i += kLanes)
      total = _mm512_fmadd_ps(row(a, t, i), row(b, t, i), total);
    out[t] = _mm512_reduce_add_ps(total);
  }
}

void load_query_head(const Shape& s, const AttentionItem& item, size_t head, BackwardState& x) {
  load_rows(s, item.out_grad, head, x.out_grad);
  load_rows(s, item.out, head, x.q);
  row_products(s, x.q, x.out_grad, x.delta);
  pack_token_pairs(s, x.out_grad, x.grad_pairs);
  load_rows(s, item.q, head, x.q);
  pack_token_pairs(s, x.q, x.q_pairs);
  x.log_sums = item.log_sums + static_cast<int64_t>(head) * item.log_sums_step;
}

}  // namespace

void bf16_attention_forward(const AttentionItem& item) {
  const Shape s(item);
  const float factor = item.scale * kLog2E;
  Pair* rows = nullptr;
  ForwardState x = take_forward(s, &rows);
  load_rows(s, item.k, 0, rows);
  pack_panels(s, rows, x.k_panels);
  load_rows(s, item.v, 0, rows);
  pack_token_pairs(s, rows, x.v_pairs);
  for (size_t head = 0; head < static_cast<size_t>(item.group); ++head) {
    load_rows(s, item.q, head, x.q);
    for (size_t q0 = 0; q0 < s.length; q0 += kQueries) {
      AttentionBlock b(item, q0, kBlocks);
      RowState states[kQueries];
      std::fill(states, states + kQueries, RowState{kUnset, 0});
      for (; b.more(); b.next()) forward_block(s, b, factor, x, states);
      for (size_t r = 0; r < b.count; ++r) {
        scale_row(x.out + r * s.width, s.width, 1 / states[r].sum);
        if (item.log_sums == nullptr) continue;
        item.log_sums[static_cast<int64_t>(head) * item.log_sums_step +
                      static_cast<int64_t>(q0 + r)] =
            (states[r].max + std::log2(states[r].sum)) / kLog2E;
      }
      store_rows(s, x.out, 1, q0, q0 + b.count, item.out, head);
    }
  }
}

void bf16_attention_backward(const AttentionItem& item) {
  const Shape s(item);
  const float factor = item.scale * kLog2E;
  BackwardState x = take_backward(s);
  load_rows(s, item.v, 0, x.q);
  pack_panels(s, x.q, x.v_panels);
  load_rows(s, item.k, 0, x.q);
  pack_panels(s, x.q, x.k_panels);
  pack_token_pairs(s, x.q, x.k_pairs);
  std::fill(x.k_grad, x.k_grad + (s.rows + kTileRows) * s.width, 0.0f);
  std::fill(x.v_grad, x.v_grad + (s.rows + kTileRows) * s.width, 0.0f);
  for (size_t head = 0; head < static_cast<size_t>(item.group); ++head) {
    load_query_head(s, item, head, x);
    for (size_t q0 = 0; q0 < s.length; q0 += kQueries) {
      AttentionBlock b(item, q0, kBlocks);
      for (; b.more(); b.next()) backward_block(s, b, factor, x);
    }
    store_rows(s, x.q_grad, item.scale, 0, s.length, item.q_grad, head);
  }
  store_rows(s, x.k_grad, item.scale, 0, s.length, item.k_grad, 0);
  store_rows(s, x.v_grad, 1, 0, s.length, item.v_grad, 0);
}

}  // namespace slovo::kernels

#pragma GCC pop_options

#else

namespace slovo::kernels {

void bf16_attention_forward(const AttentionItem&) {}
void bf16_attention_backward(const AttentionItem&) {}

}  // namespace slovo::kernels

#endif
