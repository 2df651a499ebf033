// The head's product in chunks of rows, and its gradients: what losses over the vocabulary share.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"
#include "ops/dispatch.h"
#include "ops/product.h"

namespace slovo::ops::detail {

/// Logits of one chunk, bytes. Each chunk costs one pass over the head's gradient, so few are
/// better; but less than what the allocator keeps when it is freed (keep_freed_memory), for fresh
/// pages cost more.
constexpr int64_t kChunkBytes = int64_t{31} << 20;
/// The same on a GPU, which needs large products, and holds the chunk some ten times over in fp32.
constexpr int64_t kGpuChunkBytes = int64_t{1} << 28;

/// Calls body(begin, count) for chunks of the rows, of equal size but for the last.
template <class Body>
void for_chunks(const Tensor& hidden, const Tensor& head, const Body& body) {
  const int64_t rows = hidden.size(0);
  const int64_t bytes = rows * head.size(0) * static_cast<int64_t>(hidden.element_size());
  const int64_t most = hidden.is_cuda() ? kGpuChunkBytes : kChunkBytes;
  const int64_t chunks = (bytes + most - 1) / most;
  const int64_t size = chunks > 0 ? (rows + chunks - 1) / chunks : rows;
  for (int64_t begin = 0; begin < rows; begin += size) body(begin, std::min(size, rows - begin));
}

inline Tensor head_logits(const Tensor& hidden, const Tensor& head) {
  return use_fast(hidden, head) ? product(hidden, head) : at::linear(hidden, head);
}

inline Tensor hidden_gradient(const Tensor& gradient, const Tensor& head) {
  return use_fast(gradient, head) ? product_input_gradient(gradient, head) : gradient.mm(head);
}

inline void add_head_gradient(const Tensor& gradient, const Tensor& rows, const Tensor& head) {
  if (use_fast(gradient, head)) {
    add_weight_gradient(gradient, rows, weight_gradient(head));
  } else {
    add_gradient(head, gradient.t().mm(rows));
  }
}

/// Hands on a gradient that the forward pass has computed.
struct Precomputed : torch::autograd::Function<Precomputed> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor&, const Tensor& loss,
                        const Tensor& gradient) {
    ctx->save_for_backward({gradient});
    return loss.alias();
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 const torch::autograd::variable_list& gradients) {
    // The head's gradient is summed already, so another factor here would make the two disagree.
    SLOVO_CHECK(!gradients[0].is_cpu() || gradients[0].item<double>() == 1.0,
                "a loss over the vocabulary takes its factor as `scale`");
    return {ctx->get_saved_variables()[0], Tensor(), Tensor()};
  }
};

}  // namespace slovo::ops::detail
