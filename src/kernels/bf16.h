// A bf16 number as it lies in memory; the kernels compute in fp32.
#pragma once

#include <cstdint>

namespace slovo::kernels {

struct Bf16 {
  uint16_t bits;
};

}  // namespace slovo::kernels
