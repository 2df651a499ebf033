// Passes over rows of matrices around a product: what is added to its result, sums over rows, and
// gradients gathered in fp32.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

/// T: float or Bf16. y += bias + residual over [rows, size], one rounding; the bias may be null.
template <class T>
struct AddToRows {
  int64_t rows, size;
  T* y;
  const T *bias, *residual;
};
void add_to_rows(const AddToRows<float>& add);
void add_to_rows(const AddToRows<Bf16>& add);

/// sums[j] += sum over rows of x[row * step + j], for `columns` columns.
void add_column_sums(int64_t rows, int64_t columns, int64_t step, const float* x, float* sums);
void add_column_sums(int64_t rows, int64_t columns, int64_t step, const Bf16* x, float* sums);

/// to[i] += from[i].
void accumulate(int64_t count, const float* from, float* to);
void accumulate(int64_t count, const Bf16* from, float* to);

/// table[ids[r]][j] += x[r][j] for `columns` columns; rows of table and x lie `step` apart.
void add_rows(int64_t rows, int64_t columns, int64_t step, const int64_t* ids, const float* x,
              float* table);
void add_rows(int64_t rows, int64_t columns, int64_t step, const int64_t* ids, const Bf16* x,
              float* table);

/// to [columns, rows] = the transpose of from [rows, columns] for columns [begin, end).
void transpose(int64_t rows, int64_t columns, int64_t begin, int64_t end, const float* from,
               float* to);

}  // namespace slovo::kernels
