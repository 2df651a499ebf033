#include "kernels/activation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activation.cpp"
#include <hwy/foreach_target.h>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

HWY_INLINE VF one() { return hn::Set(F32(), 1.0f); }
HWY_INLINE VF sigmoid(VF x) { return hn::Div(one(), hn::Add(one(), exp(hn::Neg(x)))); }

/// x * sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3): (1 + tanh(u)) / 2 is sigmoid(2 u).
struct GeluTanh {
  static constexpr float kSlope = 2 * 0.7978845608028654f;
  static constexpr float kCubic = 0.044715f;
  static HWY_INLINE VF gate(VF x, VF square) {
    const VF inner = hn::MulAdd(square, hn::Set(F32(), kCubic * kSlope), hn::Set(F32(), kSlope));
    return sigmoid(hn::Mul(inner, x));
  }
  static HWY_INLINE VF value(VF x) { return hn::Mul(x, gate(x, hn::Mul(x, x))); }
  static HWY_INLINE VF slope(VF x) {
    const VF square = hn::Mul(x, x);
    const VF s = gate(x, square);
    const VF inner =
        hn::MulAdd(square, hn::Set(F32(), 3 * kCubic * kSlope), hn::Set(F32(), kSlope));
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
      store_first(hn::Mul(hn::Mul(gate, sigmoid(gate)), up), out + i, count);
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
      const VF s = sigmoid(gate);
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
      return elementwise<GeluTanh>(p);
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
