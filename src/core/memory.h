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

/// Lets the allocator keep what is freed, up to about a gigabyte: a training step asks for the same
/// buffers again and again, and memory fresh from the system comes page by page. For the whole
/// process, best before its first large allocation; does nothing where the allocator has no such
/// setting.
void keep_freed_memory();

}  // namespace slovo
