#include "kernels/quantized.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/quantized.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cmath>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace slovo::kernels::HWY_NAMESPACE {

template <class T>
void dequantize_int8_any(int64_t rows, int64_t columns, const int8_t* codes, const float* scales,
                         T* out) {
  const F32 d;
  const hn::Rebind<int8_t, F32> bytes;
  const hn::Rebind<int32_t, F32> words;
  for (int64_t row = 0; row < rows; ++row, codes += columns, out += columns) {
    const VF scale = hn::Set(d, scales[row]);
    for_vectors(static_cast<size_t>(columns), [&](size_t i, size_t count) {
      HWY_ALIGN int8_t padded[hn::MaxLanes(F32())] = {};
      const bool whole = count >= lanes();
      if (!whole) std::memcpy(padded, codes + i, count);
      const auto code = hn::PromoteTo(words, hn::LoadU(bytes, whole ? codes + i : padded));
      store_first(hn::Mul(hn::ConvertTo(d, code), scale), out + i, count);
    });
  }
}

/// `pairs`: what the two codes of every byte stand for, side by side.
template <class T>
void dequantize_nf4_any(int64_t count, const uint8_t* codes, const float* scales,
                        const float* pairs, T* out) {
  HWY_ALIGN float block[kNf4Block];
  for (int64_t begin = 0; begin < count; begin += kNf4Block, codes += kNf4Block / 2) {
    const int64_t size = std::min(kNf4Block, count - begin);
    for (int64_t i = 0; 2 * i < size; ++i) std::memcpy(block + 2 * i, pairs + 2 * codes[i], 8);
    const VF scale = hn::Set(F32(), *scales++);
    for_vectors(static_cast<size_t>(size), [&](size_t i, size_t part) {
      store_first(hn::Mul(load_first(block + i, part), scale), out + begin + i, part);
    });
  }
}

void int8_f32(int64_t rows, int64_t columns, const int8_t* codes, const float* scales, float* out) {
  dequantize_int8_any(rows, columns, codes, scales, out);
}
void int8_bf16(int64_t rows, int64_t columns, const int8_t* codes, const float* scales, Bf16* out) {
  dequantize_int8_any(rows, columns, codes, scales, out);
}
void nf4_f32(int64_t count, const uint8_t* codes, const float* scales, const float* pairs,
             float* out) {
  dequantize_nf4_any(count, codes, scales, pairs, out);
}
void nf4_bf16(int64_t count, const uint8_t* codes, const float* scales, const float* pairs,
              Bf16* out) {
  dequantize_nf4_any(count, codes, scales, pairs, out);
}

}  // namespace slovo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace slovo::kernels {

HWY_EXPORT(int8_f32);
HWY_EXPORT(int8_bf16);
HWY_EXPORT(nf4_f32);
HWY_EXPORT(nf4_bf16);

const std::array<float, 16> kNf4Values = {
    -1.0F,
    -0.6961928009986877F,
    -0.5250730514526367F,
    -0.39491748809814453F,
    -0.28444138169288635F,
    -0.18477343022823334F,
    -0.09105003625154495F,
    0.0F,
    0.07958029955625534F,
    0.16093020141124725F,
    0.24611230194568634F,
    0.33791524171829224F,
    0.44070982933044434F,
    0.5626170039176941F,
    0.7229568362236023F,
    1.0F,
};

namespace {

float largest_size(int64_t count, const float* values) {
  float out = 0;
  for (int64_t i = 0; i < count; ++i) out = std::max(out, std::abs(values[i]));
  return out;
}

/// The code whose value is nearest to `value`, which lies in [-1, 1].
uint8_t nearest_nf4(float value) {
  static const std::array<float, 15> middles = [] {
    std::array<float, 15> out{};
    for (size_t i = 0; i < out.size(); ++i) out[i] = (kNf4Values[i] + kNf4Values[i + 1]) / 2;
    return out;
  }();
  return static_cast<uint8_t>(std::lower_bound(middles.begin(), middles.end(), value) -
                              middles.begin());
}

/// The values of both codes of every byte: one look-up gives two.
const float* nf4_pairs() {
  static const std::array<float, 512> pairs = [] {
    std::array<float, 512> out{};
    for (size_t byte = 0; byte < 256; ++byte) {
      out[2 * byte] = kNf4Values[byte >> 4];
      out[2 * byte + 1] = kNf4Values[byte & 15];
    }
    return out;
  }();
  return pairs.data();
}

}  // namespace

void quantize_int8(int64_t rows, int64_t columns, const float* values, int8_t* codes,
                   float* scales) {
  for (int64_t row = 0; row < rows; ++row) {
    const float* const from = values + row * columns;
    scales[row] = largest_size(columns, from) / 127;
    const float factor = scales[row] > 0 ? 1 / scales[row] : 0;
    for (int64_t i = 0; i < columns; ++i) {
      const float code = std::clamp(std::nearbyint(from[i] * factor), -127.0F, 127.0F);
      codes[row * columns + i] = static_cast<int8_t>(code);
    }
  }
}

void dequantize_int8(int64_t rows, int64_t columns, const int8_t* codes, const float* scales,
                     float* out) {
  HWY_DYNAMIC_DISPATCH(int8_f32)(rows, columns, codes, scales, out);
}
void dequantize_int8(int64_t rows, int64_t columns, const int8_t* codes, const float* scales,
                     Bf16* out) {
  HWY_DYNAMIC_DISPATCH(int8_bf16)(rows, columns, codes, scales, out);
}

void quantize_nf4(int64_t count, const float* values, uint8_t* codes, float* largest) {
  for (int64_t begin = 0; begin < count; begin += kNf4Block) {
    const int64_t size = std::min(kNf4Block, count - begin);
    const float* const from = values + begin;
    *largest = largest_size(size, from);
    const float factor = *largest > 0 ? 1 / *largest : 0;
    ++largest;
    const auto code = [&](int64_t i) { return nearest_nf4(i < size ? from[i] * factor : 0); };
    for (int64_t i = 0; i < size; i += 2) {
      *codes++ = static_cast<uint8_t>(code(i) << 4 | code(i + 1));
    }
  }
}

void dequantize_nf4(int64_t count, const uint8_t* codes, const float* scales, float* out) {
  HWY_DYNAMIC_DISPATCH(nf4_f32)(count, codes, scales, nf4_pairs(), out);
}
void dequantize_nf4(int64_t count, const uint8_t* codes, const float* scales, Bf16* out) {
  HWY_DYNAMIC_DISPATCH(nf4_bf16)(count, codes, scales, nf4_pairs(), out);
}

}  // namespace slovo::kernels
#endif
