#include "kernels/adamw.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adamw.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>

#include "kernels/moments-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

struct AdamWState {
  VF master, grad, m, v;
};

template <bool kCautious>
HWY_INLINE void adamw_update(const AdamWFactors& f, AdamWState& s) {
  const F32 d;
  const VF grad = hn::Mul(s.grad, hn::Set(d, f.grad_scale));
  s.m = hn::MulAdd(hn::Set(d, f.gain1), hn::Sub(grad, s.m), s.m);
  const VF square = hn::Mul(grad, grad);
  s.v = hn::MulAdd(hn::Set(d, f.gain2), square, hn::Mul(hn::Set(d, f.beta2), s.v));
  const VF root = hn::MulAdd(hn::Sqrt(s.v), hn::Set(d, f.root_correction), hn::Set(d, f.eps));
  const VF move = hn::Div(hn::Mul(hn::Set(d, f.step_size), s.m), root);
  s.master = hn::MulSub(decay_factor<kCautious>(f.decay, s.master, move), s.master, move);
}

template <bool kCautious, class Moment>
void adamw_loop(const AdamWFactors& factors, const UpdateRange& range, Moment* m, Moment* v) {
  const auto step = static_cast<int64_t>(lanes());
  for (int64_t i = 0; i < range.count; i += step) {
    const auto n = static_cast<size_t>(std::min(step, range.count - i));
    AdamWState s{load_first(range.master + i, n), load_first(range.grad + i, n),
                 load_first(m + i, n), load_first(v + i, n)};
    adamw_update<kCautious>(factors, s);
    store_first(s.master, range.master + i, n);
    store_moment(s.m, m + i, n, factors.m_seed, range.first + i);
    store_moment(s.v, v + i, n, factors.v_seed, range.first + i);
    store_first(hn::Zero(F32()), range.grad + i, n);
    if (range.copy != nullptr) store_first(s.master, range.copy + i, n);
  }
}

template <class Moment>
void adamw_range(const AdamWFactors& factors, const UpdateRange& range, Moment* m, Moment* v) {
  factors.cautious ? adamw_loop<true>(factors, range, m, v)
                   : adamw_loop<false>(factors, range, m, v);
}

void adamw_fp32(const AdamWFactors& factors, const UpdateRange& range, float* m, float* v) {
  adamw_range(factors, range, m, v);
}
void adamw_bf16(const AdamWFactors& factors, const UpdateRange& range, Bf16* m, Bf16* v) {
  adamw_range(factors, range, m, v);
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

HWY_EXPORT(adamw_fp32);
HWY_EXPORT(adamw_bf16);
HWY_EXPORT(squared_norm_range);

void adamw(const AdamWFactors& factors, const UpdateRange& range, float* m, float* v) {
  HWY_DYNAMIC_DISPATCH(adamw_fp32)(factors, range, m, v);
}

void adamw(const AdamWFactors& factors, const UpdateRange& range, Bf16* m, Bf16* v) {
  HWY_DYNAMIC_DISPATCH(adamw_bf16)(factors, range, m, v);
}

double squared_norm(const float* values, int64_t count) {
  return HWY_DYNAMIC_DISPATCH(squared_norm_range)(values, count);
}

}  // namespace slovo::kernels
#endif
