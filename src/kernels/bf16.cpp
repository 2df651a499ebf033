#include "kernels/bf16.h"

namespace slovo::kernels {

bool bf16_products_available() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace slovo::kernels
