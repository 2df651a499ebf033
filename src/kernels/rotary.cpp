#include "kernels/rotary.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rotary.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "kernels/scratch.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

/// Turns the pairs (x[i], x[i + half]) by angles whose sine is direction * sin.
HWY_INLINE void rotate(float* x, size_t half, const float* cos, const float* sin, float direction) {
  const VF sign = hn::Set(F32(), direction);
  for_vectors(half, [&](size_t i, size_t count) {
    const VF low = load_first(x + i, count);
    const VF high = load_first(x + half + i, count);
    const VF c = load_first(cos + i, count);
    const VF s = hn::Mul(load_first(sin + i, count), sign);
    store_first(hn::NegMulAdd(high, s, hn::Mul(low, c)), x + i, count);
    store_first(hn::MulAdd(high, c, hn::Mul(low, s)), x + half + i, count);
  });
}

template <class T>
HWY_INLINE float inverse_root(const T* x, size_t size, float eps) {
  VF squares = hn::Zero(F32());
  for_vectors(size, [&](size_t i, size_t count) {
    const VF v = load_first(x + i, count);
    squares = hn::MulAdd(v, v, squares);
  });
  return 1 / std::sqrt(sum(squares) / static_cast<float>(size) + eps);
}

/// Copies x to fp32, normalised where there is a norm.
template <class T>
HWY_INLINE void load_head(const T* x, size_t size, const T* norm, float eps, float* to) {
  const VF inverse = hn::Set(F32(), norm != nullptr ? inverse_root(x, size, eps) : 1);
  for_vectors(size, [&](size_t i, size_t count) {
    VF v = load_first(x + i, count);
    if (norm != nullptr) v = hn::Mul(hn::Mul(v, inverse), load_first(norm + i, count));
    store_first(v, to + i, count);
  });
}

/// grad: of the normed head, turned into the head's own.
template <class T>
HWY_INLINE void norm_backward(const T* x, size_t size, const T* norm, float eps, float* norm_grad,
                              float* grad) {
  const VF inverse = hn::Set(F32(), inverse_root(x, size, eps));
  VF products = hn::Zero(F32());
  for_vectors(size, [&](size_t i, size_t count) {
    const VF normed = hn::Mul(load_first(x + i, count), inverse);
    const VF out = load_first(grad + i, count);
    if (norm_grad != nullptr) add_first(hn::Mul(out, normed), norm_grad + i, count);
    products = hn::MulAdd(hn::Mul(out, load_first(norm + i, count)), normed, products);
  });
  const VF mean = hn::Set(F32(), sum(products) / static_cast<float>(size));
  for_vectors(size, [&](size_t i, size_t count) {
    const VF normed = hn::Mul(load_first(x + i, count), inverse);
    const VF g = hn::Mul(load_first(grad + i, count), load_first(norm + i, count));
    store_first(hn::Mul(hn::NegMulAdd(normed, mean, g), inverse), grad + i, count);
  });
}

template <class T>
HWY_INLINE void store_head(const float* from, size_t size, T* to) {
  for_vectors(size, [&](size_t i, size_t count) {
    store_first(load_first(from + i, count), to + i, count);
  });
}

/// Calls body(token, offset of the head in the token, whether it is a query) for each head.
template <class T, class Body>
HWY_INLINE void for_heads(const RotaryPass<T>& p, const Body& body) {
  for (int64_t token = 0; token < p.tokens; ++token) {
    for (int64_t head = 0; head < p.heads + p.kv_heads; ++head)
      body(token, head * p.head_dim, head < p.heads);
  }
}

template <class T>
void forward_any(const RotaryPass<T>& p) {
  const auto size = static_cast<size_t>(p.head_dim);
  float* const buffer = Scratch::for_thread(Scratch::rounded(size)).take(size);
  for_heads(p, [&](int64_t token, int64_t offset, bool query) {
    load_head(p.x + token * p.x_step + offset, size, query ? p.q_norm : p.k_norm, p.eps, buffer);
    if (p.cos != nullptr) {
      const int64_t row = p.positions[token] * (p.head_dim / 2);
      rotate(buffer, size / 2, p.cos + row, p.sin + row, 1);
    }
    store_head(buffer, size, p.out + token * p.out_step + offset);
  });
}

template <class T>
void backward_any(const RotaryPass<T>& p) {
  const auto size = static_cast<size_t>(p.head_dim);
  float* const buffer = Scratch::for_thread(Scratch::rounded(size)).take(size);
  for_heads(p, [&](int64_t token, int64_t offset, bool query) {
    T* const grad = p.out + token * p.out_step + offset;
    load_head<T>(grad, size, nullptr, 0, buffer);
    if (p.cos != nullptr) {
      const int64_t row = p.positions[token] * (p.head_dim / 2);
      rotate(buffer, size / 2, p.cos + row, p.sin + row, -1);
    }
    const T* const norm = query ? p.q_norm : p.k_norm;
    if (norm != nullptr) {
      norm_backward(p.x + token * p.x_step + offset, size, norm, p.eps,
                    query ? p.q_norm_grad : p.k_norm_grad, buffer);
    }
    store_head(buffer, size, grad);
  });
}

void rotary_forward_f32(const RotaryPass<float>& p) { forward_any(p); }
void rotary_forward_bf16(const RotaryPass<Bf16>& p) { forward_any(p); }
void rotary_backward_f32(const RotaryPass<float>& p) { backward_any(p); }
void rotary_backward_bf16(const RotaryPass<Bf16>& p) { backward_any(p); }

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(rotary_forward_f32);
HWY_EXPORT(rotary_forward_bf16);
HWY_EXPORT(rotary_backward_f32);
HWY_EXPORT(rotary_backward_bf16);

void rotary_forward(const RotaryPass<float>& p) { HWY_DYNAMIC_DISPATCH(rotary_forward_f32)(p); }
void rotary_forward(const RotaryPass<Bf16>& p) { HWY_DYNAMIC_DISPATCH(rotary_forward_bf16)(p); }
void rotary_backward(const RotaryPass<float>& p) { HWY_DYNAMIC_DISPATCH(rotary_backward_f32)(p); }
void rotary_backward(const RotaryPass<Bf16>& p) { HWY_DYNAMIC_DISPATCH(rotary_backward_bf16)(p); }

}  // namespace slovo::kernels
#endif
