// Causal attention of one document, whole or within a sliding window, and one key/value head with
// its group of query heads, forward and backward. Sums and the softmax are fp32; products of bf16
// take bf16 factors where the processor has instructions for them, else fp32. The backward pass
// recomputes the weights from the saved log-sum-exp (arXiv:2205.14135).
#pragma once

#include <cstdint>

namespace slovo::kernels {

/// Heads of size d inside rows of tokens: element (token, head, i) lies at data[token * step + head
/// * head_step + i].
struct HeadRows {
  void* data;
  int64_t step, head_step;
};

struct AttentionItem {
  bool bf16;       ///< else fp32: dtype of all HeadRows
  int64_t length;  ///< tokens of the document
  int64_t window;  ///< keys that a query sees, its own included; 0: all up to its own
  int64_t group;   ///< query heads that share k and v
  int64_t head_dim;
  float scale;
  HeadRows q, k, v, out;
  float* log_sums;        ///< [group, length]: log of the sum of exp(scale * q.k); null: not wanted
  int64_t log_sums_step;  ///< from one query head to the next
  HeadRows out_grad, q_grad, k_grad, v_grad;  ///< backward only
};

/// Writes out and log_sums.
void attention_forward(const AttentionItem& item);
/// Reads q, k, v, out, log_sums and out_grad; writes q_grad, k_grad and v_grad.
void attention_backward(const AttentionItem& item);

/// The same with bf16 products, for items of bf16 where bf16_products_available(); only
/// attention.cpp calls these.
void bf16_attention_forward(const AttentionItem& item);
void bf16_attention_backward(const AttentionItem& item);

}  // namespace slovo::kernels
