#include "kernels/adamw.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adamw.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

struct AdamWState {
  VF master, grad, m, v;
};

HWY_INLINE void adamw_update(const AdamWFactors& f, AdamWState& s) {
  const F32 d;
  const VF grad = hn::Mul(s.grad, hn::Set(d, f.grad_scale));
  s.m = hn::MulAdd(hn::Set(d, f.gain1), hn::Sub(grad, s.m), s.m);
  const VF square = hn::Mul(grad, grad);
  s.v = hn::MulAdd(hn::Set(d, f.gain2), square, hn::Mul(hn::Set(d, f.beta2), s.v));
  const VF root = hn::MulAdd(hn::Sqrt(s.v), hn::Set(d, f.root_correction), hn::Set(d, f.eps));
  const VF move = hn::Div(hn::Mul(hn::Set(d, f.step_size), s.m), root);
  s.master = hn::MulSub(hn::Set(d, f.decay), s.master, move);
}

void adamw_range(const AdamWFactors& factors, int64_t count, float* master, float* grad, float* m,
                 float* v, Bf16* copy) {
  const auto step = static_cast<int64_t>(lanes());
  for (int64_t i = 0; i < count; i += step) {
    const auto n = static_cast<size_t>(std::min(step, count - i));
    AdamWState s{load_first(master + i, n), load_first(grad + i, n), load_first(m + i, n),
                 load_first(v + i, n)};
    adamw_update(factors, s);
    store_first(s.master, master + i, n);
    store_first(s.m, m + i, n);
    store_first(s.v, v + i, n);
    store_first(hn::Zero(F32()), grad + i, n);
    if (copy != nullptr) store_first(s.master, copy + i, n);
  }
}

/// fp32 lanes hold short sums only, so that long ranges lose nothing.
double squared_norm_range(const float* values, int64_t count) {
  constexpr int64_t kShort = 4096;
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += kShort) {
    const int64_t end = std::min(begin + kShort, count);
    VF even = hn::Zero(F32());
    VF odd = hn::Zero(F32());
    const auto step = static_cast<int64_t>(lanes());
    int64_t i = begin;
    for (; i + 2 * step <= end; i += 2 * step) {
      const VF a = load(values + i);
      const VF b = load(values + i + step);
      even = hn::MulAdd(a, a, even);
      odd = hn::MulAdd(b, b, odd);
    }
    for (; i < end; i += step) {
      const VF a = load_first(values + i, static_cast<size_t>(std::min(step, end - i)));
      even = hn::MulAdd(a, a, even);
    }
    total += static_cast<double>(sum(hn::Add(even, odd)));
  }
  return total;
}

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(adamw_range);
HWY_EXPORT(squared_norm_range);

void adamw(const AdamWFactors& factors, int64_t count, float* master, float* grad, float* m,
           float* v, Bf16* copy) {
  HWY_DYNAMIC_DISPATCH(adamw_range)(factors, count, master, grad, m, v, copy);
}

double squared_norm(const float* values, int64_t count) {
  return HWY_DYNAMIC_DISPATCH(squared_norm_range)(values, count);
}

}  // namespace slovo::kernels
#endif
