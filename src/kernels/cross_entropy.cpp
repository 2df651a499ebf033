#include "kernels/cross_entropy.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

/// cap * tanh(x / cap).
HWY_INLINE VF soft_capped(VF x, float cap) {
  const F32 d;
  const VF doubled = exp(hn::Mul(x, hn::Set(d, 2 / cap)));
  const VF one = hn::Set(d, 1.0f);
  return hn::Mul(hn::Set(d, cap),
                 hn::NegMulAdd(hn::Set(d, 2.0f), hn::Div(one, hn::Add(doubled, one)), one));
}

template <class T>
HWY_INLINE VF load_logits(const T* row, size_t count, float cap) {
  const VF x = load_first(row, count);
  return cap > 0 ? soft_capped(x, cap) : x;
}

struct RowSums {
  float log_sum;  ///< log of the sum of exp(logit)
  float mean;     ///< of the logits, where it is asked for
};

/// The running maximum and sum of each lane, joined at the end: one pass over the row.
template <class T>
RowSums sum_row(const CrossEntropy<T>& c, const T* row) {
  const F32 d;
  constexpr float kLowest = -1e30f;
  VF largest = hn::Set(d, kLowest);
  VF sums = hn::Zero(d);
  VF total = hn::Zero(d);
  for_vectors(static_cast<size_t>(c.vocabulary), [&](size_t i, size_t count) {
    VF x = load_logits(row + i, count, c.softcap);
    if (c.label_smoothing > 0) total = hn::Add(total, keep_first(x, count));
    if (count < lanes()) x = hn::IfThenElse(hn::FirstN(d, count), x, hn::Set(d, kLowest));
    if (!hn::AllFalse(d, hn::Gt(x, largest))) {
      const VF larger = hn::Max(largest, x);
      sums = hn::Mul(sums, exp(hn::Sub(largest, larger)));
      largest = larger;
    }
    sums = hn::Add(sums, exp(hn::Sub(x, largest)));
  });
  const float top = max(largest);
  const float joined = sum(hn::Mul(sums, exp(hn::Sub(largest, hn::Set(d, top)))));
  return {top + std::log(joined), sum(total) / static_cast<float>(c.vocabulary)};
}

/// A row's loss: weight * ((1-s) * -log p(target) + s * mean(-log p) + z * log_sum^2).
struct RowTerms {
  float weight, z_loss, label_smoothing;
};

/// The gradient of that, in place of the logits.
template <class T>
void write_gradient(const CrossEntropy<T>& c, int64_t r, T* row, const RowSums& sums,
                    float target, const RowTerms& terms) {
  const F32 d;
  const float whole = terms.weight * (1 + 2 * terms.z_loss * sums.log_sum);
  const float share = terms.label_smoothing / static_cast<float>(c.vocabulary);
  const VF log_sum = hn::Set(d, sums.log_sum);
  const VF factor = hn::Set(d, whole);
  const VF spread = hn::Set(d, terms.weight * share);
  for_vectors(static_cast<size_t>(c.vocabulary), [&](size_t i, size_t count) {
    const VF x = load_logits(row + i, count, c.softcap);
    VF g = hn::MulSub(exp(hn::Sub(x, log_sum)), factor, spread);
    if (c.softcap > 0) {
      const VF t = hn::Mul(x, hn::Set(d, 1 / c.softcap));
      g = hn::Mul(g, hn::NegMulAdd(t, t, hn::Set(d, 1.0f)));
    }
    store_first(g, row + i, count);
  });
  // The target's own element again, in fp32 until its single rounding.
  const float p = std::exp(target - sums.log_sum);
  float g = whole * p - terms.weight * (1 - terms.label_smoothing + share);
  if (c.softcap > 0) g *= 1 - (target / c.softcap) * (target / c.softcap);
  store_first(hn::Set(d, g), row + c.targets[r], 1);
}

/// The gradients of -log(1 - p) and of p * -log p, with that p a constant, are multiples of that of
/// -log p: p / (p - 1) and p times it.
template <class T>
void cross_entropy_any(const CrossEntropy<T>& c) {
  for (int64_t r = 0; r < c.rows; ++r) {
    T* const row = c.logits + r * c.vocabulary;
    const RowSums sums = sum_row(c, row);
    const float target = hn::GetLane(load_logits(row + c.targets[r], 1, c.softcap));
    const float log_p = target - sums.log_sum;
    RowTerms terms{c.weights[r], c.z_loss, c.label_smoothing};
    if (c.unlikelihood && terms.weight < 0) {
      const float rest = std::max(-std::expm1(log_p), kLeastRest);
      c.losses[r] = terms.weight * std::log(rest);
      terms = {terms.weight * std::exp(log_p) / rest, 0, 0};
    } else {
      if (c.dft) terms.weight *= std::exp(log_p);
      float loss = (1 - terms.label_smoothing) * -log_p;
      loss += terms.label_smoothing * (sums.log_sum - sums.mean);
      loss += terms.z_loss * sums.log_sum * sums.log_sum;
      c.losses[r] = terms.weight * loss;
    }
    if (c.gradient) write_gradient(c, r, row, sums, target, terms);
  }
}

void cross_entropy_f32(const CrossEntropy<float>& c) { cross_entropy_any(c); }
void cross_entropy_bf16(const CrossEntropy<Bf16>& c) { cross_entropy_any(c); }

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(cross_entropy_f32);
HWY_EXPORT(cross_entropy_bf16);

void cross_entropy(const CrossEntropy<float>& c) { HWY_DYNAMIC_DISPATCH(cross_entropy_f32)(c); }
void cross_entropy(const CrossEntropy<Bf16>& c) { HWY_DYNAMIC_DISPATCH(cross_entropy_bf16)(c); }

}  // namespace slovo::kernels
#endif
