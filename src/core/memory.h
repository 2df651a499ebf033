// Main memory: what this process holds, and what the machine has left.
#pragma once

#include <cstdint>

namespace slovo {

/// Bytes of this process in memory now, and the most there ever were; 0 where the system does not
/// say.
int64_t resident_bytes();
int64_t peak_resident_bytes();
/// Bytes this process can still take without others being thrown out: free or reclaimable memory
/// and swap, or what its control group has left where that is less.
int64_t available_bytes();

}  // namespace slovo
