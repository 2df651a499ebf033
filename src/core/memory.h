// Main memory: what this process holds, what the machine has left, and how large its pages are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slovo {

/// Bytes of this process in memory now, and the most there ever were; 0 where the system does not
/// say.
int64_t resident_bytes();
int64_t peak_resident_bytes();
/// Bytes this process can still take without others being thrown out: free or reclaimable memory
/// and swap, or what its control group has left where that is less.
int64_t available_bytes();
/// Asks for large pages behind memory that will be filled from its begin: the kernel is then called
/// once for 2 MiB rather than for 4 KiB. Does nothing where it cannot.
void prefer_large_pages(void* begin, size_t bytes);

/// Drops whole pages of a mapped file from memory; they are read again when touched.
void drop_pages(const void* begin, size_t bytes);

/// Lets the allocator keep what is freed, up to about a gigabyte: a training step asks for the same
/// buffers again and again, and memory fresh from the system comes page by page. For the whole
/// process, best before its first large allocation; does nothing where the allocator has no such
/// setting.
void keep_freed_memory();

}  // namespace slovo
