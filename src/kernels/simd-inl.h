// Included once per instruction set by every kernel file: loads and stores of fp32 and bf16 as fp32
// vectors.
#if defined(SLOVO_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SLOVO_KERNELS_SIMD_INL_H_
#undef SLOVO_KERNELS_SIMD_INL_H_
#else
#define SLOVO_KERNELS_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <cstring>

#include "kernels/bf16.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using F32 = hn::ScalableTag<float>;
using VF = hn::Vec<F32>;

HWY_INLINE size_t lanes() { return hn::Lanes(F32()); }

HWY_INLINE VF load(const float* from) { return hn::LoadU(F32(), from); }
HWY_INLINE void store(VF v, float* to) { hn::StoreU(v, F32(), to); }

HWY_INLINE VF load(const Bf16* from) {
  const hn::Rebind<uint16_t, F32> half;
  const hn::Rebind<uint32_t, F32> word;
  const auto bits = hn::PromoteTo(word, hn::LoadU(half, &from->bits));
  return hn::BitCast(F32(), hn::ShiftLeft<16>(bits));
}

/// Rounds to nearest, ties to even; a NaN stays one.
HWY_INLINE void store(VF v, Bf16* to) {
  const hn::Rebind<uint32_t, F32> word;
  const hn::Rebind<uint16_t, F32> half;
  const auto bits = hn::BitCast(word, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(word, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(word, 0x7FFF)));
  const auto quiet = hn::Set(word, 0x7FC00000);
  const auto nan = hn::RebindMask(word, hn::IsNaN(v));
  const auto top = hn::ShiftRight<16>(hn::IfThenElse(nan, quiet, rounded));
  hn::StoreU(hn::TruncateTo(half, top), half, &to->bits);
}

/// The first `count` (at most lanes()) elements; the rest of the vector is 0.
template <class T>
HWY_INLINE VF load_first(const T* from, size_t count) {
  if (count >= lanes()) return load(from);
  HWY_ALIGN T padded[hn::MaxLanes(F32())] = {};
  std::memcpy(padded, from, count * sizeof(T));
  return load(padded);
}
template <class T>
HWY_INLINE void store_first(VF v, T* to, size_t count) {
  if (count >= lanes()) return store(v, to);
  HWY_ALIGN T padded[hn::MaxLanes(F32())];
  store(v, padded);
  std::memcpy(to, padded, count * sizeof(T));
}

/// store_first(v + what lies there).
HWY_INLINE void add_first(VF v, float* to, size_t count) {
  store_first(hn::Add(v, load_first(to, count)), to, count);
}
/// v with 0 in place of all but the first `count` elements.
HWY_INLINE VF keep_first(VF v, size_t count) {
  return count >= lanes() ? v : hn::IfThenElseZero(hn::FirstN(F32(), count), v);
}
/// Calls body(i, count) for every vector of `size` elements: count is lanes() but for the last.
template <class Body>
HWY_INLINE void for_vectors(size_t size, const Body& body) {
  size_t i = 0;
  for (; i + lanes() <= size; i += lanes()) body(i, lanes());
  if (i < size) body(i, size - i);
}

HWY_INLINE float sum(VF v) { return hn::GetLane(hn::SumOfLanes(F32(), v)); }
HWY_INLINE float max(VF v) { return hn::GetLane(hn::MaxOfLanes(F32(), v)); }

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
