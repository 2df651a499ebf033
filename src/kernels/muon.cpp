#include "kernels/muon.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/muon.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>

#include "kernels/adamw.h"
#include "kernels/moments-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

template <class Moment>
void momentum_range(const MuonFactors& f, const UpdateRange& range, Moment* m) {
  const F32 d;
  const auto step = static_cast<int64_t>(lanes());
  for (int64_t i = 0; i < range.count; i += step) {
    const auto n = static_cast<size_t>(std::min(step, range.count - i));
    const VF grad = hn::Mul(load_first(range.grad + i, n), hn::Set(d, f.grad_scale));
    VF moment = load_first(m + i, n);
    moment = hn::MulAdd(hn::Set(d, f.gain), hn::Sub(grad, moment), moment);
    const VF ahead = hn::MulAdd(hn::Set(d, f.momentum), hn::Sub(moment, grad), grad);
    store_moment(moment, m + i, n, f.seed, range.first + i);
    store_first(ahead, range.grad + i, n);
  }
}

template <class Element>
void take_range(float scale, int64_t count, float* values, Element* x) {
  const F32 d;
  const auto step = static_cast<int64_t>(lanes());
  for (int64_t i = 0; i < count; i += step) {
    const auto n = static_cast<size_t>(std::min(step, count - i));
    store_first(hn::Mul(load_first(values + i, n), hn::Set(d, scale)), x + i, n);
    store_first(hn::Zero(d), values + i, n);
  }
}

template <class Element>
void mean_squares_range(int64_t rows, int64_t columns, const Element* x, float* out) {
  const auto step = static_cast<int64_t>(lanes());
  for (int64_t r = 0; r < rows; ++r, x += columns) {
    VF total = hn::Zero(F32());
    for (int64_t i = 0; i < columns; i += step) {
      const VF v = load_first(x + i, static_cast<size_t>(std::min(step, columns - i)));
      total = hn::MulAdd(v, v, total);
    }
    out[r] = sum(total) / static_cast<float>(columns);
  }
}

template <bool kCautious, class Element>
void apply_loop(const MuonFactors& f, const UpdateRange& range, int64_t columns,
                const float* scales, const Element* x) {
  const F32 d;
  const auto step = static_cast<int64_t>(lanes());
  for (int64_t begin = 0; begin < range.count; begin += columns) {
    const VF scale = hn::Set(d, *scales++);
    for (int64_t i = begin; i < begin + columns; i += step) {
      const auto n = static_cast<size_t>(std::min(step, begin + columns - i));
      VF master = load_first(range.master + i, n);
      const VF move = hn::Mul(scale, load_first(x + i, n));
      master = hn::MulSub(decay_factor<kCautious>(f.decay, master, move), master, move);
      store_first(master, range.master + i, n);
      if (range.copy != nullptr) store_first(master, range.copy + i, n);
    }
  }
}

template <class Element>
void apply_range(const MuonFactors& f, const UpdateRange& range, int64_t columns,
                 const float* scales, const Element* x) {
  f.cautious ? apply_loop<true>(f, range, columns, scales, x)
             : apply_loop<false>(f, range, columns, scales, x);
}

void momentum_fp32(const MuonFactors& f, const UpdateRange& r, float* m) {
  momentum_range(f, r, m);
}
void momentum_bf16(const MuonFactors& f, const UpdateRange& r, Bf16* m) { momentum_range(f, r, m); }
void take_fp32(float scale, int64_t count, float* values, float* x) {
  take_range(scale, count, values, x);
}
void take_bf16(float scale, int64_t count, float* values, Bf16* x) {
  take_range(scale, count, values, x);
}
void mean_squares_fp32(int64_t rows, int64_t columns, const float* x, float* out) {
  mean_squares_range(rows, columns, x, out);
}
void mean_squares_bf16(int64_t rows, int64_t columns, const Bf16* x, float* out) {
  mean_squares_range(rows, columns, x, out);
}
void apply_fp32(const MuonFactors& f, const UpdateRange& r, int64_t columns, const float* scales,
                const float* x) {
  apply_range(f, r, columns, scales, x);
}
void apply_bf16(const MuonFactors& f, const UpdateRange& r, int64_t columns, const float* scales,
                const Bf16* x) {
  apply_range(f, r, columns, scales, x);
}

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(momentum_fp32);
HWY_EXPORT(momentum_bf16);
HWY_EXPORT(take_fp32);
HWY_EXPORT(take_bf16);
HWY_EXPORT(mean_squares_fp32);
HWY_EXPORT(mean_squares_bf16);
HWY_EXPORT(apply_fp32);
HWY_EXPORT(apply_bf16);

double muon_momentum(const MuonFactors& factors, const UpdateRange& range, float* m) {
  HWY_DYNAMIC_DISPATCH(momentum_fp32)(factors, range, m);
  return squared_norm(range.grad, range.count);
}
double muon_momentum(const MuonFactors& factors, const UpdateRange& range, Bf16* m) {
  HWY_DYNAMIC_DISPATCH(momentum_bf16)(factors, range, m);
  return squared_norm(range.grad, range.count);
}

void muon_take(float scale, int64_t count, float* values, float* x) {
  HWY_DYNAMIC_DISPATCH(take_fp32)(scale, count, values, x);
}
void muon_take(float scale, int64_t count, float* values, Bf16* x) {
  HWY_DYNAMIC_DISPATCH(take_bf16)(scale, count, values, x);
}

void row_mean_squares(int64_t rows, int64_t columns, const float* x, float* out) {
  HWY_DYNAMIC_DISPATCH(mean_squares_fp32)(rows, columns, x, out);
}
void row_mean_squares(int64_t rows, int64_t columns, const Bf16* x, float* out) {
  HWY_DYNAMIC_DISPATCH(mean_squares_bf16)(rows, columns, x, out);
}

void muon_apply(const MuonFactors& factors, const UpdateRange& range, int64_t columns,
                const float* scales, const float* x) {
  HWY_DYNAMIC_DISPATCH(apply_fp32)(factors, range, columns, scales, x);
}
void muon_apply(const MuonFactors& factors, const UpdateRange& range, int64_t columns,
                const float* scales, const Bf16* x) {
  HWY_DYNAMIC_DISPATCH(apply_bf16)(factors, range, columns, scales, x);
}

}  // namespace slovo::kernels
#endif
