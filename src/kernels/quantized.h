// Matrices kept in few bits: 8 with one scale a row, or 4 in blocks of 64 (NF4 of QLoRA,
// arXiv:2305.14314). Only the values themselves: what the scales are kept in is src/ops's business.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

/// Values that share a scale in NF4.
constexpr int64_t kNf4Block = 64;
/// What the 16 codes stand for: quantiles of a normal distribution, 0 among them (appendix E of the
/// paper).
extern const std::array<float, 16> kNf4Values;

/// codes = the nearest of values / (largest / 127), for each of `rows` rows; scales = largest /
/// 127.
void quantize_int8(int64_t rows, int64_t columns, const float* values, int8_t* codes,
                   float* scales);
/// out = codes * scale, a row's scale each.
void dequantize_int8(int64_t rows, int64_t columns, const int8_t* codes, const float* scales,
                     float* out);
void dequantize_int8(int64_t rows, int64_t columns, const int8_t* codes, const float* scales,
                     Bf16* out);

/// Two codes a byte, the first in the upper half; `largest`: the largest size of each block's
/// values.
void quantize_nf4(int64_t count, const float* values, uint8_t* codes, float* largest);
/// out = value of the code * scale, a block's scale each; `codes` begin a block.
void dequantize_nf4(int64_t count, const uint8_t* codes, const float* scales, float* out);
void dequantize_nf4(int64_t count, const uint8_t* codes, const float* scales, Bf16* out);

}  // namespace slovo::kernels
