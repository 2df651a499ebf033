#include "kernels/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rows.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

template <class T>
void add_to_any(const AddToRows<T>& a) {
  for (int64_t row = 0; row < a.rows; ++row) {
    T* const y = a.y + row * a.size;
    for_vectors(static_cast<size_t>(a.size), [&](size_t i, size_t count) {
      VF out = load_first(y + i, count);
      if (a.bias != nullptr) out = hn::Add(out, load_first(a.bias + i, count));
      out = hn::Add(out, load_first(a.residual + row * a.size + static_cast<int64_t>(i), count));
      store_first(out, y + i, count);
    });
  }
}

/// One vector of columns at a time, four rows of it side by side.
template <class T>
void column_sums_any(int64_t rows, int64_t columns, int64_t step, const T* x, float* sums) {
  const F32 d;
  for_vectors(static_cast<size_t>(columns), [&](size_t j, size_t count) {
    VF parts[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
    for (int64_t row = 0; row < rows; ++row) {
      VF& part = parts[row & 3];
      part = hn::Add(part, load_first(x + row * step + static_cast<int64_t>(j), count));
    }
    const VF total = hn::Add(hn::Add(parts[0], parts[1]), hn::Add(parts[2], parts[3]));
    add_first(total, sums + j, count);
  });
}

template <class T>
void accumulate_any(int64_t n, const T* from, float* to) {
  for_vectors(static_cast<size_t>(n), [&](size_t i, size_t count) {
    add_first(load_first(from + i, count), to + i, count);
  });
}

template <class T>
void add_rows_any(int64_t rows, int64_t columns, int64_t step, const int64_t* ids, const T* x,
                  float* table) {
  for (int64_t row = 0; row < rows; ++row)
    accumulate_any(columns, x + row * step, table + ids[row] * step);
}

/// Blocks of 16 by 16 stay in the first cache on both sides.
void transpose_columns(int64_t rows, int64_t columns, int64_t begin, int64_t end, const float* from,
                       float* to) {
  constexpr int64_t kBlock = 16;
  for (int64_t i0 = 0; i0 < rows; i0 += kBlock) {
    for (int64_t j0 = begin; j0 < end; j0 += kBlock) {
      const int64_t i1 = std::min(i0 + kBlock, rows);
      const int64_t j1 = std::min(j0 + kBlock, end);
      for (int64_t j = j0; j < j1; ++j) {
        for (int64_t i = i0; i < i1; ++i) to[j * rows + i] = from[i * columns + j];
      }
    }
  }
}

void add_to_f32(const AddToRows<float>& a) { add_to_any(a); }
void add_to_bf16(const AddToRows<Bf16>& a) { add_to_any(a); }
void sums_f32(int64_t rows, int64_t columns, int64_t step, const float* x, float* sums) {
  column_sums_any(rows, columns, step, x, sums);
}
void sums_bf16(int64_t rows, int64_t columns, int64_t step, const Bf16* x, float* sums) {
  column_sums_any(rows, columns, step, x, sums);
}
void accumulate_f32(int64_t n, const float* from, float* to) { accumulate_any(n, from, to); }
void accumulate_bf16(int64_t n, const Bf16* from, float* to) { accumulate_any(n, from, to); }
void rows_f32(int64_t rows, int64_t columns, int64_t step, const int64_t* ids, const float* x,
              float* table) {
  add_rows_any(rows, columns, step, ids, x, table);
}
void rows_bf16(int64_t rows, int64_t columns, int64_t step, const int64_t* ids, const Bf16* x,
               float* table) {
  add_rows_any(rows, columns, step, ids, x, table);
}

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(add_to_f32);
HWY_EXPORT(add_to_bf16);
HWY_EXPORT(sums_f32);
HWY_EXPORT(sums_bf16);
HWY_EXPORT(accumulate_f32);
HWY_EXPORT(accumulate_bf16);
HWY_EXPORT(rows_f32);
HWY_EXPORT(rows_bf16);
HWY_EXPORT(transpose_columns);

void add_to_rows(const AddToRows<float>& add) { HWY_DYNAMIC_DISPATCH(add_to_f32)(add); }
void add_to_rows(const AddToRows<Bf16>& add) { HWY_DYNAMIC_DISPATCH(add_to_bf16)(add); }

void add_column_sums(int64_t rows, int64_t columns, int64_t step, const float* x, float* sums) {
  HWY_DYNAMIC_DISPATCH(sums_f32)(rows, columns, step, x, sums);
}
void add_column_sums(int64_t rows, int64_t columns, int64_t step, const Bf16* x, float* sums) {
  HWY_DYNAMIC_DISPATCH(sums_bf16)(rows, columns, step, x, sums);
}

void accumulate(int64_t count, const float* from, float* to) {
  HWY_DYNAMIC_DISPATCH(accumulate_f32)(count, from, to);
}
void accumulate(int64_t count, const Bf16* from, float* to) {
  HWY_DYNAMIC_DISPATCH(accumulate_bf16)(count, from, to);
}

void add_rows(int64_t rows, int64_t columns, int64_t step, const int64_t* ids, const float* x,
              float* table) {
  HWY_DYNAMIC_DISPATCH(rows_f32)(rows, columns, step, ids, x, table);
}
void add_rows(int64_t rows, int64_t columns, int64_t step, const int64_t* ids, const Bf16* x,
              float* table) {
  HWY_DYNAMIC_DISPATCH(rows_bf16)(rows, columns, step, ids, x, table);
}

void transpose(int64_t rows, int64_t columns, int64_t begin, int64_t end, const float* from,
               float* to) {
  HWY_DYNAMIC_DISPATCH(transpose_columns)(rows, columns, begin, end, from, to);
}

}  // namespace slovo::kernels
#endif
