// What the files of AVX-512 intrinsics share: vectors of 16 numbers of 32 bits, and masks of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slovo::kernels {

/// Two bf16 that a dot product takes together.
using Pair = uint32_t;

constexpr size_t kLanes = 16;

/// The lanes of a vector that begins at `begin` which lie before `end`.
inline uint16_t first_lanes(size_t begin, size_t end) {
  if (begin >= end) return 0;
  return static_cast<uint16_t>(end - begin >= kLanes ? 0xFFFFu : (1u << (end - begin)) - 1);
}

}  // namespace slovo::kernels
