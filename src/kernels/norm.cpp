#include "kernels/norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/norm.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

/// Mean and reciprocal deviation of one row: two passes, so that a large mean costs no digits.
template <class T>
void row_statistics(const NormForward<T>& n, int64_t row) {
  const auto size = static_cast<size_t>(n.size);
  const T* const x = n.x + row * n.size;
  const F32 d;
  VF total = hn::Zero(d);
  float mean = 0;
  if (n.mean != nullptr) {
    for_vectors(size,
                [&](size_t i, size_t count) { total = hn::Add(total, load_first(x + i, count)); });
    mean = sum(total) / static_cast<float>(size);
    n.mean[row] = mean;
  }
  VF squares = hn::Zero(d);
  for_vectors(size, [&](size_t i, size_t count) {
    const VF centred = keep_first(hn::Sub(load_first(x + i, count), hn::Set(d, mean)), count);
    squares = hn::MulAdd(centred, centred, squares);
  });
  n.inverse[row] = 1 / std::sqrt(sum(squares) / static_cast<float>(size) + n.eps);
}

template <class T>
void forward_rows(const NormForward<T>& n) {
  const F32 d;
  for (int64_t row = 0; row < n.rows; ++row) {
    row_statistics(n, row);
    const VF inverse = hn::Set(d, n.inverse[row]);
    const VF mean = hn::Set(d, n.mean != nullptr ? n.mean[row] : 0);
    const T* const x = n.x + row * n.size;
    T* const y = n.y + row * n.size;
    for_vectors(static_cast<size_t>(n.size), [&](size_t i, size_t count) {
      const VF normed = hn::Mul(hn::Sub(load_first(x + i, count), mean), inverse);
      const VF bias = n.bias != nullptr ? load_first(n.bias + i, count) : hn::Zero(d);
      store_first(hn::MulAdd(normed, load_first(n.weight + i, count), bias), y + i, count);
    });
  }
}

/// With x^ the normalised row and g = y_grad * weight:
/// x_grad = (g - mean(g) - x^ mean(g x^)) / deviation; RMSNorm has no mean(g).
template <class T>
void backward_rows(const NormBackward<T>& n) {
  const F32 d;
  const auto size = static_cast<size_t>(n.size);
  for (int64_t row = 0; row < n.rows; ++row) {
    const VF inverse = hn::Set(d, n.inverse[row]);
    const VF mean = hn::Set(d, n.mean != nullptr ? n.mean[row] : 0);
    const T* const x = n.x + row * n.size;
    const T* const y_grad = n.y_grad + row * n.size;
    VF sums = hn::Zero(d);
    VF products = hn::Zero(d);
    for_vectors(size, [&](size_t i, size_t count) {
      const VF normed = hn::Mul(hn::Sub(load_first(x + i, count), mean), inverse);
      const VF out = load_first(y_grad + i, count);
      const VF g = hn::Mul(out, load_first(n.weight + i, count));
      sums = hn::Add(sums, g);
      products = hn::MulAdd(g, normed, products);
      if (n.weight_grad != nullptr) add_first(hn::Mul(out, normed), n.weight_grad + i, count);
      if (n.bias_grad != nullptr) add_first(out, n.bias_grad + i, count);
    });
    const VF mean_sum = hn::Set(d, n.mean != nullptr ? sum(sums) / static_cast<float>(size) : 0);
    const VF mean_product = hn::Set(d, sum(products) / static_cast<float>(size));
    T* const x_grad = n.x_grad + row * n.size;
    for_vectors(size, [&](size_t i, size_t count) {
      const VF normed = hn::Mul(hn::Sub(load_first(x + i, count), mean), inverse);
      const VF g = hn::Mul(load_first(y_grad + i, count), load_first(n.weight + i, count));
      VF out = hn::Mul(hn::NegMulAdd(normed, mean_product, hn::Sub(g, mean_sum)), inverse);
      if (n.skip_grad != nullptr) {
        out = hn::Add(out, load_first(n.skip_grad + row * n.size + static_cast<int64_t>(i), count));
      }
      store_first(out, x_grad + i, count);
    });
  }
}

void forward_f32(const NormForward<float>& n) { forward_rows(n); }
void forward_bf16(const NormForward<Bf16>& n) { forward_rows(n); }
void backward_f32(const NormBackward<float>& n) { backward_rows(n); }
void backward_bf16(const NormBackward<Bf16>& n) { backward_rows(n); }

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(forward_f32);
HWY_EXPORT(forward_bf16);
HWY_EXPORT(backward_f32);
HWY_EXPORT(backward_bf16);

void norm_forward(const NormForward<float>& n) { HWY_DYNAMIC_DISPATCH(forward_f32)(n); }
void norm_forward(const NormForward<Bf16>& n) { HWY_DYNAMIC_DISPATCH(forward_bf16)(n); }
void norm_backward(const NormBackward<float>& n) { HWY_DYNAMIC_DISPATCH(backward_f32)(n); }
void norm_backward(const NormBackward<Bf16>& n) { HWY_DYNAMIC_DISPATCH(backward_bf16)(n); }

}  // namespace slovo::kernels
#endif
