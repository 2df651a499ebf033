#include "kernels/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

HWY_INLINE VF one() { return hn::Set(F32(), 1.0f); }

/// The logistic function to the precision of T: `of(kUnit * x)` is sigmoid(x).
template <class T>
struct Sigmoid {
  static constexpr float kUnit = 1;
  static HWY_INLINE VF of(VF x) { return hn::Div(one(), hn::Add(one(), exp(hn::Neg(x)))); }
};

/// For what bf16 will hold, whose step is 8e-3 of a value: to 4e-4, in half of the time.
template <>
struct Sigmoid<Bf16> {
  static constexpr float kUnit = 1.44269504f;  ///< 1 / ln 2
  static HWY_INLINE VF of(VF t) {
    const VF power = negative_exp2(hn::Min(hn::Max(t, hn::Set(F32(), -126)), hn::Set(F32(), 126)));
    const VF sum = hn::Add(one(), power);
#if HWY_ARCH_X86
    return hn::ApproximateReciprocal(sum);
#else
    return hn::Div(one(), sum);
#endif
  }
  /// 2^-t.
  static HWY_INLINE VF negative_exp2(VF t) {
    const F32 d;
    const hn::Rebind<int32_t, F32> integer;
    // Adding 1.5 * 2^23 leaves the nearest integer in the lowest bits.
    const VF shift = hn::Set(d, 12582912.0f);
    const VF shifted = hn::Sub(shift, t);
    const VF f = hn::Sub(hn::Sub(shift, shifted), t);
    const VF low = hn::MulAdd(f, hn::Set(d, 6.9326099e-1f), hn::Set(d, 9.9992807e-1f));
    const VF high = hn::MulAdd(f, hn::Set(d, 5.5171610e-2f), hn::Set(d, 2.4261114e-1f));
    const auto bits = hn::BitCast(integer, hn::MulAdd(hn::Mul(f, f), high, low));
    const auto exponent = hn::ShiftLeft<23>(hn::BitCast(integer, shifted));
    return hn::BitCast(d, hn::Add(bits, exponent));
  }
};

template <class T>
HWY_INLINE VF sigmoid(VF x) {
  return Sigmoid<T>::of(hn::Mul(x, hn::Set(F32(), Sigmoid<T>::kUnit)));
}

/// x * sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3): (1 + tanh(u)) / 2 is sigmoid(2 u).
template <class T>
struct GeluTanh {
  static constexpr float kSlope = 2 * 0.7978845608028654f;
  static constexpr float kCubic = 0.044715f * kSlope;
  static HWY_INLINE VF gate(VF x, VF square) {
    constexpr float kUnit = Sigmoid<T>::kUnit;
    const VF inner =
        hn::MulAdd(square, hn::Set(F32(), kCubic * kUnit), hn::Set(F32(), kSlope * kUnit));
    return Sigmoid<T>::of(hn::Mul(inner, x));
  }
  static HWY_INLINE VF value(VF x) { return hn::Mul(x, gate(x, hn::Mul(x, x))); }
  static HWY_INLINE VF slope(VF x) {
    const VF square = hn::Mul(x, x);
    const VF s = gate(x, square);
    const VF inner = hn::MulAdd(square, hn::Set(F32(), 3 * kCubic), hn::Set(F32(), kSlope));
    return hn::MulAdd(hn::Mul(x, inner), hn::NegMulAdd(s, s, s), s);
  }
};

struct Relu2 {
  static HWY_INLINE VF positive(VF x) { return hn::Max(x, hn::Zero(F32())); }
  static HWY_INLINE VF value(VF x) { return hn::Mul(positive(x), positive(x)); }
  static HWY_INLINE VF slope(VF x) { return hn::Add(positive(x), positive(x)); }
};

template <class Function, class T>
void elementwise(const ActivationPass<T>& p) {
  for_vectors(static_cast<size_t>(p.rows * p.size), [&](size_t i, size_t count) {
    const VF x = load_first(p.x + i, count);
    const VF out = p.y_grad == nullptr
                       ? Function::value(x)
                       : hn::Mul(Function::slope(x), load_first(p.y_grad + i, count));
    store_first(out, p.out + i, count);
  });
}

template <class T>
void swiglu_forward(const ActivationPass<T>& p) {
  for (int64_t row = 0; row < p.rows; ++row) {
    const T* const gates = p.x + 2 * row * p.size;
    T* const out = p.out + row * p.size;
    for_vectors(static_cast<size_t>(p.size), [&](size_t i, size_t count) {
      const VF gate = load_first(gates + i, count);
      const VF up = load_first(gates + p.size + i, count);
      store_first(hn::Mul(hn::Mul(gate, sigmoid<T>(gate)), up), out + i, count);
    });
  }
}

template <class T>
void swiglu_backward(const ActivationPass<T>& p) {
  for (int64_t row = 0; row < p.rows; ++row) {
    const T* const gates = p.x + 2 * row * p.size;
    const T* const y_grad = p.y_grad + row * p.size;
    T* const out = p.out + 2 * row * p.size;
    for_vectors(static_cast<size_t>(p.size), [&](size_t i, size_t count) {
      const VF gate = load_first(gates + i, count);
      const VF up = load_first(gates + p.size + i, count);
      const VF grad = load_first(y_grad + i, count);
      const VF s = sigmoid<T>(gate);
      const VF silu = hn::Mul(gate, s);
      const VF slope = hn::MulAdd(silu, hn::Sub(one(), s), s);
      store_first(hn::Mul(hn::Mul(grad, up), slope), out + i, count);
      store_first(hn::Mul(grad, silu), out + p.size + i, count);
    });
  }
}

template <class T>
void activate_any(const ActivationPass<T>& p) {
  switch (p.kind) {
    case Activation::gelu_tanh:
      return elementwise<GeluTanh<T>>(p);
    case Activation::relu2:
      return elementwise<Relu2>(p);
    case Activation::swiglu:
      return p.y_grad == nullptr ? swiglu_forward(p) : swiglu_backward(p);
  }
}

void activate_f32(const ActivationPass<float>& p) { activate_any(p); }
void activate_bf16(const ActivationPass<Bf16>& p) { activate_any(p); }

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(activate_f32);
HWY_EXPORT(activate_bf16);

void activate(const ActivationPass<float>& pass) { HWY_DYNAMIC_DISPATCH(activate_f32)(pass); }
void activate(const ActivationPass<Bf16>& pass) { HWY_DYNAMIC_DISPATCH(activate_bf16)(pass); }

}  // namespace slovo::kernels
#endif
