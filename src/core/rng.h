// Counter-based random numbers: the value at (seed, stream, index) does not depend on what was
// drawn before, so every use resumes in O(1) and gives the same bits with any number of threads.
#pragma once

#include <cstdint>
#include <string_view>

namespace slovo {

/// A well-mixed 64-bit value of (seed, stream, index); splitmix64's finaliser over each part in
/// turn.
uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t index);
/// Uniform in [0, 1) with 53 bits.
double random_unit(uint64_t seed, uint64_t stream, uint64_t index);
/// A stream number from a name, so that uses do not collide ("shuffle", "sampling", ...).
uint64_t random_stream(std::string_view name);

/// A pseudo-random permutation of [0, size) evaluated at one place: O(1) memory, O(1) time.
/// (A four-round Feistel network on the next even power of two, with cycle walking.)
class Permutation {
 public:
  Permutation(uint64_t size, uint64_t seed, uint64_t stream);
  uint64_t operator[](uint64_t index) const;

 private:
  uint64_t size_;
  uint64_t seed_;
  uint64_t stream_;
  unsigned half_bits_;
};

}  // namespace slovo
