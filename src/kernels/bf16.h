// A bf16 number as it lies in memory; the kernels compute in fp32.
#pragma once

#include <cstdint>

namespace slovo::kernels {

struct Bf16 {
  uint16_t bits;
};

/// True where the processor has AVX-512's products of bf16 pairs.
bool bf16_products_available();

}  // namespace slovo::kernels
