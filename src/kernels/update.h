// What the update rules share: the range of the flat buffers they work on.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace slovo::kernels {

struct UpdateRange {
  int64_t count = 0;
  int64_t first = 0;        ///< place of the range in the whole buffer
  float* master = nullptr;  ///< is updated
  float* grad = nullptr;    ///< is set to 0
  Bf16* copy = nullptr;     ///< master in bf16 is written here unless null
};

}  // namespace slovo::kernels
