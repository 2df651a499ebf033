// Memory where a run computes: of this process on a CPU, of the allocator on a GPU. Bytes.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>

namespace slovo {

int64_t memory_in_use(at::Device device);
/// The most that was ever in use.
int64_t peak_memory(at::Device device);
/// What can still be had.
int64_t available_memory(at::Device device);

}  // namespace slovo
