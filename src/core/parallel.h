// Plain threads for the torch-free layers (tokenizing, counting). Tensor code uses
// at::parallel_for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace slovo {

/// Calls body(i) for every i in [0, count) from up to `threads` threads, each index once. The first
/// exception thrown is thrown again here, after all threads have stopped.
void parallel_for(size_t count, int threads, const std::function<void(size_t)>& body);
/// Processor cores this process may use.
int available_cores();
/// The threads a user asked for; 0 is one for each core.
int thread_count(int64_t asked);

}  // namespace slovo
