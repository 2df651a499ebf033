#include "kernels/momentum.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/momentum.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>

#include "kernels/moments-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

/// Calls update(master, gradient, m) with references to the vectors of each place.
template <class Moment, class Update>
HWY_INLINE void for_each_vector(const UpdateRange& range, Moment* m, uint32_t seed,
                                float grad_scale, const Update& update) {
  const auto step = static_cast<int64_t>(lanes());
  const VF scale = hn::Set(F32(), grad_scale);
  for (int64_t i = 0; i < range.count; i += step) {
    const auto n = static_cast<size_t>(std::min(step, range.count - i));
    VF master = load_first(range.master + i, n);
    VF moment = load_first(m + i, n);
    update(master, hn::Mul(load_first(range.grad + i, n), scale), moment);
    store_first(master, range.master + i, n);
    store_moment(moment, m + i, n, seed, range.first + i);
    store_first(hn::Zero(F32()), range.grad + i, n);
    if (range.copy != nullptr) store_first(master, range.copy + i, n);
  }
}

template <bool kCautious, class Moment>
void lion_loop(const LionFactors& f, const UpdateRange& range, Moment* m) {
  for_each_vector(range, m, f.seed, f.grad_scale, [&](VF& master, VF grad, VF& moment) {
    const F32 d;
    const VF ahead = hn::Sub(grad, moment);
    const VF direction = hn::MulAdd(hn::Set(d, f.gain1), ahead, moment);
    const VF size = hn::CopySign(hn::Set(d, f.lr), direction);
    const VF move = hn::IfThenZeroElse(hn::Eq(direction, hn::Zero(d)), size);
    master = hn::MulSub(decay_factor<kCautious>(f.decay, master, move), master, move);
    moment = hn::MulAdd(hn::Set(d, f.gain2), ahead, moment);
  });
}

template <class Moment>
void lion_range(const LionFactors& f, const UpdateRange& range, Moment* m) {
  f.cautious ? lion_loop<true>(f, range, m) : lion_loop<false>(f, range, m);
}

template <class Moment>
void sgd_range(const SgdFactors& f, const UpdateRange& range, Moment* m) {
  for_each_vector(range, m, f.seed, f.grad_scale, [&](VF& master, VF grad, VF& moment) {
    const F32 d;
    const VF decayed = hn::MulAdd(hn::Set(d, f.weight_decay), master, grad);
    moment = hn::MulAdd(hn::Set(d, f.momentum), moment, decayed);
    master = hn::NegMulAdd(hn::Set(d, f.lr), moment, master);
  });
}

void lion_fp32(const LionFactors& f, const UpdateRange& r, float* m) { lion_range(f, r, m); }
void lion_bf16(const LionFactors& f, const UpdateRange& r, Bf16* m) { lion_range(f, r, m); }
void sgd_fp32(const SgdFactors& f, const UpdateRange& r, float* m) { sgd_range(f, r, m); }
void sgd_bf16(const SgdFactors& f, const UpdateRange& r, Bf16* m) { sgd_range(f, r, m); }

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(lion_fp32);
HWY_EXPORT(lion_bf16);
HWY_EXPORT(sgd_fp32);
HWY_EXPORT(sgd_bf16);

void lion(const LionFactors& factors, const UpdateRange& range, float* m) {
  HWY_DYNAMIC_DISPATCH(lion_fp32)(factors, range, m);
}
void lion(const LionFactors& factors, const UpdateRange& range, Bf16* m) {
  HWY_DYNAMIC_DISPATCH(lion_bf16)(factors, range, m);
}
void sgd(const SgdFactors& factors, const UpdateRange& range, float* m) {
  HWY_DYNAMIC_DISPATCH(sgd_fp32)(factors, range, m);
}
void sgd(const SgdFactors& factors, const UpdateRange& range, Bf16* m) {
  HWY_DYNAMIC_DISPATCH(sgd_bf16)(factors, range, m);
}

}  // namespace slovo::kernels
#endif
