#include "kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "kernels/attention_block.h"
#include "kernels/math-inl.h"
#include "kernels/scratch.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

// Blocks of queries and keys: multiples of a tile's rows and columns for every vector size.
constexpr size_t kQueries = 96;
constexpr size_t kKeys = 480;
constexpr size_t kScoreStep = kKeys + 32;
/// The largest score of no keys: below every real one.
constexpr float kUnset = -1e30f;

HWY_INLINE size_t round_up(size_t n, size_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

HWY_INLINE BlockSizes block_sizes() { return {kQueries, kKeys, kTileRows, tile_columns()}; }

/// Sizes of one item: rows and columns are padded so that tiles need no remainders, wherever the
/// blocks of a window begin.
struct Shape {
  size_t length, rows, size, width;  ///< tokens, padded tokens, head size, padded head size
  float scale;
  explicit Shape(const AttentionItem& item)
      : length(static_cast<size_t>(item.length)),
        rows(round_up(length, tile_columns()) + kTileRows),
        size(static_cast<size_t>(item.head_dim)),
        width(round_up(size, lanes())),
        scale(item.scale) {}
  size_t matrix() const { return rows * width; }
  size_t panels() const { return round_up(length, tile_columns()) * size; }
};

/// Copies one head's tokens to fp32 rows [rows, width], padded with zeros.
template <class T>
void load_rows(const Shape& s, const HeadRows& from, size_t head, float* to) {
  const T* const data =
      static_cast<const T*>(from.data) + static_cast<int64_t>(head) * from.head_step;
  for (size_t t = 0; t < s.length; ++t) {
    const T* const row = data + static_cast<int64_t>(t) * from.step;
    for (size_t i = 0; i < s.size; i += lanes()) {
      store(load_first(row + i, std::min(lanes(), s.size - i)), to + t * s.width + i);
    }
  }
  std::fill(to + s.length * s.width, to + s.matrix(), 0.0f);
}

template <class T>
void store_rows(const Shape& s, const float* from, float factor, size_t begin, size_t end,
                const HeadRows& to, size_t head) {
  T* const data = static_cast<T*>(to.data) + static_cast<int64_t>(head) * to.head_step;
  const VF f = hn::Set(F32(), factor);
  for (size_t t = begin; t < end; ++t) {
    T* const row = data + static_cast<int64_t>(t) * to.step;
    const float* const source = from + (t - begin) * s.width;
    for (size_t i = 0; i < s.size; i += lanes()) {
      store_first(hn::Mul(load(source + i), f), row + i, std::min(lanes(), s.size - i));
    }
  }
}

/// Transposes rows [rows, width] into panels of tile_columns() tokens: panel p holds [size,
/// tile_columns()].
void pack_panels(const Shape& s, const float* rows, float* panels) {
  const size_t columns = tile_columns();
  for (size_t begin = 0; begin < s.length; begin += columns) {
    float* const panel = panels + begin * s.size;
    for (size_t i = 0; i < s.size; ++i) {
      for (size_t j = 0; j < columns; ++j) panel[i * columns + j] = rows[(begin + j) * s.width + i];
    }
  }
}

/// scores [count, keys] = rows (of the block's queries) x panels^T, where some query of the tile
/// sees the key.
void multiply_panels(const Shape& s, const AttentionBlock& b, const float* rows,
                     const float* panels, float* scores) {
  const size_t columns = tile_columns();
  for (size_t j = b.tile_begin(0); j < b.keys_end(); j += columns) {
    const float* const panel = panels + (b.k0 + j) * s.size;
    for (size_t r = 0; r < b.count; r += kTileRows) {
      if (j < b.tile_begin(r) || j >= b.tile_end(r)) continue;
      tile<2>(rows + (b.q0 + r) * s.width, s.width, 1, panel, columns, s.size,
              scores + r * kScoreStep + j, kScoreStep,
              /*add=*/false);
    }
  }
}

/// Sets what query row r does not see to 0, as far as any tile reads: on the right one tile of keys
/// past the last seen.
HWY_INLINE void clear_unseen(const AttentionBlock& b, size_t r, float* row) {
  const VF zero = hn::Zero(F32());
  const size_t seen = b.seen(r);
  const size_t unseen = b.unseen(r);
  for (size_t j = b.read_from(r); j < unseen; j += lanes())
    store_first(zero, row + j, std::min(lanes(), unseen - j));
  for (size_t j = seen; j < std::min(seen + kTileRows, kKeys); j += lanes()) store(zero, row + j);
}

/// Of `count` scores, the last vector padded with the lowest value.
HWY_INLINE VF load_scores(const float* row, size_t j, size_t count) {
  const F32 d;
  if (j + lanes() <= count) return load(row + j);
  return hn::IfThenElse(hn::FirstN(d, count - j), load(row + j), hn::Set(d, kUnset));
}

/// The running softmax of one query (arXiv:1805.02867).
struct RowState {
  float max, sum;
};

/// Turns scores into exp(scale * score - max); returns the factor for what was summed before.
HWY_INLINE float softmax_row(float* row, size_t count, float scale, RowState& state) {
  const F32 d;
  VF largest = hn::Set(d, kUnset);
  for (size_t j = 0; j < count; j += lanes())
    largest = hn::Max(largest, load_scores(row, j, count));
  const float before = state.max;
  state.max = std::max(before, max(largest) * scale);
  const VF factor = hn::Set(d, scale);
  const VF offset = hn::Set(d, -state.max);
  VF total = hn::Zero(d);
  for (size_t j = 0; j < count; j += lanes()) {
    VF p = exp(hn::MulAdd(load(row + j), factor, offset));
    if (j + lanes() > count) p = hn::IfThenElseZero(hn::FirstN(d, count - j), p);
    total = hn::Add(total, p);
    store(p, row + j);
  }
  const float rescale = before == kUnset ? 0 : std::exp(before - state.max);
  state.sum = state.sum * rescale + sum(total);
  return rescale;
}

HWY_INLINE void scale_row(float* row, size_t width, float factor) {
  for (size_t i = 0; i < width; i += lanes())
    store(hn::Mul(load(row + i), hn::Set(F32(), factor)), row + i);
}

/// Adds one block of keys to the running output of a block of queries.
void forward_block(const Shape& s, const AttentionBlock& b, const float* q, const float* k_panels,
                   const float* v, float* scores, RowState* states, float* out) {
  multiply_panels(s, b, q, k_panels, scores);
  for (size_t r = 0; r < b.count; ++r) {
    float* const row = scores + r * kScoreStep;
    if (b.seen(r) > b.unseen(r)) {
      const size_t begin = b.unseen(r);
      const float rescale = softmax_row(row + begin, b.seen(r) - begin, s.scale, states[r]);
      if (!b.first() && rescale != 1) scale_row(out + r * s.width, s.width, rescale);
    }
    clear_unseen(b, r, row);
  }
  for (size_t r = 0; r < b.count; r += kTileRows) {
    const size_t begin = b.tile_begin(r);
    tile_row(scores + r * kScoreStep + begin, kScoreStep, 1, v + (b.k0 + begin) * s.width, s.width,
             b.tile_keys(r), out + r * s.width, s.width, s.width, /*add=*/!b.first());
  }
}

template <class T>
void forward_item(const AttentionItem& item) {
  const Shape s(item);
  const auto group = static_cast<size_t>(item.group);
  Scratch& scratch =
      Scratch::for_thread(2 * Scratch::rounded(s.panels()) + 3 * Scratch::rounded(s.matrix()) +
                          (kQueries + kTileRows) * (kScoreStep + s.width) + 64);
  float* const rows = scratch.take(s.matrix());
  float* const k_panels = scratch.take(s.panels());
  float* const v = scratch.take(s.matrix());
  float* const scores = scratch.take((kQueries + kTileRows) * kScoreStep);
  float* const out = scratch.take(kQueries * s.width);
  load_rows<T>(s, item.k, 0, rows);
  pack_panels(s, rows, k_panels);
  load_rows<T>(s, item.v, 0, v);
  for (size_t head = 0; head < group; ++head) {
    load_rows<T>(s, item.q, head, rows);
    for (size_t q0 = 0; q0 < s.length; q0 += kQueries) {
      AttentionBlock b(item, q0, block_sizes());
      RowState states[kQueries];
      std::fill(states, states + kQueries, RowState{kUnset, 0});
      for (; b.more(); b.next()) forward_block(s, b, rows, k_panels, v, scores, states, out);
      for (size_t r = 0; r < b.count; ++r) {
        scale_row(out + r * s.width, s.width, 1 / states[r].sum);
        if (item.log_sums != nullptr) {
          item.log_sums[static_cast<int64_t>(head) * item.log_sums_step +
                        static_cast<int64_t>(q0 + r)] = states[r].max + std::log(states[r].sum);
        }
      }
      store_rows<T>(s, out, 1, q0, q0 + b.count, item.out, head);
    }
  }
}

/// What the backward pass of one query head holds.
struct BackwardState {
  float *k, *k_panels, *v_panels, *k_grad, *v_grad;  ///< of the key/value head
  float *q, *out_grad, *q_grad;                      ///< of the query head
  float* delta;                                      ///< [rows]: sum of out * out_grad
  const float* log_sums;
  float *weights, *scores;  ///< one block
};

/// weights[r] = exp(scale * score - log_sum).
void restore_weights(const Shape& s, const AttentionBlock& b, BackwardState& x) {
  const F32 d;
  multiply_panels(s, b, x.q, x.k_panels, x.weights);
  for (size_t r = 0; r < b.count; ++r) {
    float* const row = x.weights + r * kScoreStep;
    const VF offset = hn::Set(d, -x.log_sums[b.q0 + r]);
    for (size_t j = b.unseen(r); j < b.seen(r); j += lanes()) {
      store(exp(hn::MulAdd(load(row + j), hn::Set(d, s.scale), offset)), row + j);
    }
    clear_unseen(b, r, row);
  }
}

/// weights *= out_grad.v - delta: the gradient of the scores, without the factor `scale`.
void score_gradients(const Shape& s, const AttentionBlock& b, BackwardState& x) {
  multiply_panels(s, b, x.out_grad, x.v_panels, x.scores);
  for (size_t r = 0; r < b.count; ++r) {
    float* const row = x.weights + r * kScoreStep;
    const float* const products = x.scores + r * kScoreStep;
    const VF delta = hn::Set(F32(), x.delta[b.q0 + r]);
    for (size_t j = b.unseen(r); j < b.seen(r); j += lanes()) {
      store(hn::Mul(load(row + j), hn::Sub(load(products + j), delta)), row + j);
    }
    clear_unseen(b, r, row);
  }
}

/// sums [keys, width] += weights^T x rows (of the block's queries), for the keys that the block
/// sees.
void add_transposed(const Shape& s, const AttentionBlock& b, const float* weights,
                    const float* rows, float* sums) {
  for (size_t j = b.keys_begin(); j < b.keys_end(); j += kTileRows) {
    const size_t first = b.rows_begin(j);
    const size_t end = b.rows_end(j);
    if (first >= end) continue;
    tile_row(weights + first * kScoreStep + j, 1, kScoreStep, rows + (b.q0 + first) * s.width,
             s.width, end - first, sums + (b.k0 + j) * s.width, s.width, s.width, /*add=*/true);
  }
}

void backward_block(const Shape& s, const AttentionBlock& b, BackwardState& x) {
  restore_weights(s, b, x);
  add_transposed(s, b, x.weights, x.out_grad, x.v_grad);
  score_gradients(s, b, x);
  add_transposed(s, b, x.weights, x.q, x.k_grad);
  for (size_t r = 0; r < b.count; r += kTileRows) {
    const size_t begin = b.tile_begin(r);
    tile_row(x.weights + r * kScoreStep + begin, kScoreStep, 1, x.k + (b.k0 + begin) * s.width,
             s.width, b.tile_keys(r), x.q_grad + (b.q0 + r) * s.width, s.width, s.width,
             /*add=*/!b.first());
  }
}

BackwardState take_backward(const Shape& s) {
  const size_t block = (kQueries + kTileRows) * kScoreStep;
  Scratch& scratch =
      Scratch::for_thread(6 * Scratch::rounded(s.matrix()) + 2 * Scratch::rounded(s.panels()) +
                          Scratch::rounded(s.rows) + 2 * Scratch::rounded(block));
  BackwardState x{};
  for (float** matrix : {&x.k, &x.k_grad, &x.v_grad, &x.q, &x.out_grad, &x.q_grad})
    *matrix = scratch.take(s.matrix());
  x.k_panels = scratch.take(s.panels());
  x.v_panels = scratch.take(s.panels());
  x.delta = scratch.take(s.rows);
  x.weights = scratch.take(block);
  x.scores = scratch.take(block);
  return x;
}

void row_products(const Shape& s, const float* a, const float* b, float* out) {
  for (size_t t = 0; t < s.length; ++t) {
    VF total = hn::Zero(F32());
    for (size_t i = t * s.width; i < (t + 1) * s.width; i += lanes())
      total = hn::MulAdd(load(a + i), load(b + i), total);
    out[t] = sum(total);
  }
}

template <class T>
void backward_item(const AttentionItem& item) {
  const Shape s(item);
  BackwardState x = take_backward(s);
  load_rows<T>(s, item.v, 0, x.k);
  pack_panels(s, x.k, x.v_panels);
  load_rows<T>(s, item.k, 0, x.k);
  pack_panels(s, x.k, x.k_panels);
  std::fill(x.k_grad, x.k_grad + s.matrix(), 0.0f);
  std::fill(x.v_grad, x.v_grad + s.matrix(), 0.0f);
  for (size_t head = 0; head < static_cast<size_t>(item.group); ++head) {
    load_rows<T>(s, item.out_grad, head, x.out_grad);
    load_rows<T>(s, item.out, head, x.q);
    row_products(s, x.q, x.out_grad, x.delta);
    load_rows<T>(s, item.q, head, x.q);
    x.log_sums = item.log_sums + static_cast<int64_t>(head) * item.log_sums_step;
    for (size_t q0 = 0; q0 < s.length; q0 += kQueries) {
      AttentionBlock b(item, q0, block_sizes());
      for (; b.more(); b.next()) backward_block(s, b, x);
    }
    store_rows<T>(s, x.q_grad, s.scale, 0, s.length, item.q_grad, head);
  }
  store_rows<T>(s, x.k_grad, s.scale, 0, s.length, item.k_grad, 0);
  store_rows<T>(s, x.v_grad, 1, 0, s.length, item.v_grad, 0);
}

void forward_any(const AttentionItem& item) {
  item.bf16 ? forward_item<Bf16>(item) : forward_item<float>(item);
}
void backward_any(const AttentionItem& item) {
  item.bf16 ? backward_item<Bf16>(item) : backward_item<float>(item);
}

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(forward_any);
HWY_EXPORT(backward_any);

void attention_forward(const AttentionItem& item) {
  if (item.bf16 && bf16_products_available()) return bf16_attention_forward(item);
  HWY_DYNAMIC_DISPATCH(forward_any)(item);
}
void attention_backward(const AttentionItem& item) {
  if (item.bf16 && bf16_products_available()) return bf16_attention_backward(item);
  HWY_DYNAMIC_DISPATCH(backward_any)(item);
}

}  // namespace slovo::kernels
#endif
