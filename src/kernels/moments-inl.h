// Included once per instruction set: moments of an optimizer, kept as fp32 or as bf16.
//
// A moment in bf16 is rounded up or down at random, in proportion to how near both are, so that the
// many small changes of a slow mean are not lost. The random number is a function of the element's
// place and of the step: the same step gives the same bits again, in any number of threads.
#if defined(SLOVO_KERNELS_MOMENTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SLOVO_KERNELS_MOMENTS_INL_H_
#undef SLOVO_KERNELS_MOMENTS_INL_H_
#else
#define SLOVO_KERNELS_MOMENTS_INL_H_
#endif

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

using U32 = hn::Rebind<uint32_t, F32>;

/// A mixing function of 32 bits without bias; ops/update.cpp has the same for its plain form.
HWY_INLINE hn::Vec<U32> mixed(hn::Vec<U32> x) {
  const U32 d;
  x = hn::Xor(x, hn::ShiftRight<16>(x));
  x = hn::Mul(x, hn::Set(d, 0x7FEB352Du));
  x = hn::Xor(x, hn::ShiftRight<15>(x));
  x = hn::Mul(x, hn::Set(d, 0x846CA68Bu));
  return hn::Xor(x, hn::ShiftRight<16>(x));
}

/// The first `count` lanes to `to`, which is element `place` of its buffer.
HWY_INLINE void store_moment(VF v, float* to, size_t count, uint32_t /*seed*/, int64_t /*place*/) {
  store_first(v, to, count);
}
HWY_INLINE void store_moment(VF v, Bf16* to, size_t count, uint32_t seed, int64_t place) {
  const U32 d;
  const auto index = hn::Iota(d, static_cast<uint32_t>(place));
  const auto noise = hn::And(mixed(hn::Xor(index, hn::Set(d, seed))), hn::Set(d, 0xFFFFu));
  const auto bits = hn::Add(hn::BitCast(d, v), noise);
  // What is left below is zero, so that storing does not round again.
  store_first(hn::BitCast(F32(), hn::And(bits, hn::Set(d, 0xFFFF0000u))), to, count);
}

/// The factor of weight decay in each lane, for a weight that is about to lose `move`.
template <bool kCautious>
HWY_INLINE VF decay_factor(float decay, VF master, VF move) {
  const F32 d;
  const VF factor = hn::Set(d, decay);
  if (!kCautious) return factor;
  const auto shrinks = hn::Ge(hn::Mul(master, move), hn::Zero(d));
  return hn::IfThenElse(shrinks, factor, hn::Set(d, 1.0f));
}

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
