// The operations that models are made of. Each has a plain form in ATen and, on a CPU, a fast form with the same
// result to rounding; `set_implementation` chooses. All are differentiable.
//
// Weights: a weight's gradient is not returned to autograd but added to `weight.grad()`, in the gradient's own
// dtype (fp32 when training in bf16); where a weight that requires a gradient has none yet, one of zeros in fp32 is
// made. So a weight in bf16 has a gradient in fp32, and the gradients of all weights can be views of one flat buffer.
// Activations keep the dtype of their input; sums inside an operation are fp32.
//
// Shapes: B batch, T tokens of a row, N = B*T, C hidden, H query heads, K key/value heads, d head size, V vocabulary.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <tuple>

#include "core/enum_names.h"
#include "ops/segments.h"

namespace slovo::ops {

using at::Tensor;

enum class Implementation { reference, fast };
/// For the whole process; the default is fast.
void set_implementation(Implementation implementation);
Implementation implementation();

/// ids [...] int64, weight [V,C] -> [...,C].
Tensor embedding(const Tensor& ids, const Tensor& weight);

/// x [...,in], weight [out,in], bias [out] or undefined -> [...,out]. With `residual` [...,out]: residual + the product,
/// one pass where that is possible.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Tensor& residual = {});

/// x / sqrt(mean(x^2) + eps) * weight (arXiv:1910.07467). x [...,C], weight [C].
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);
/// (arXiv:1607.06450). weight, bias [C]; bias may be undefined.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps);
/// A norm's result and x itself, for the residual connection around what follows: the two gradients
/// of x are summed in the norm's backward pass.
struct Fork {
  Tensor normed, skip;
};
Fork rms_norm_fork(const Tensor& x, const Tensor& weight, double eps);
Fork layer_norm_fork(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps);

/// scales[0] * x + scales[1] * y; x, y [...,C], scales [2].
Tensor mix(const Tensor& x, const Tensor& y, const Tensor& scales);

/// x * (magnitude / norm), column by column: x [...,C], magnitude [C], a weight, and norm [C], a constant.
Tensor rescale(const Tensor& x, const Tensor& magnitude, const Tensor& norm);

/// Each element is 0 with probability `rate`, else divided by 1 - rate. Which ones are dropped is a function of seed,
/// stream and place, so nothing is kept for the backward pass, and a second pass drops the same.
Tensor dropout(const Tensor& x, double rate, uint64_t seed, uint64_t stream);

/// What split_qkv needs beside the projections.
struct RotaryOptions {
  Tensor cos, sin;          ///< [positions, d/2] fp32, or undefined: no rotation
  Tensor positions;         ///< [B,T] int64: rows of cos and sin
  Tensor q_norm, k_norm;    ///< [d], or undefined: no QK-norm
  double norm_eps = 1e-6;
};
/// Splits qkv [B,T,(H+2K)*d] into q [B,T,H,d], k [B,T,K,d], v [B,T,K,d]; normalises each head of q and k (QK-norm) and
/// rotates them (RoPE, halves layout as in Hugging Face Llama, arXiv:2104.09864). v may be a view of qkv.
std::tuple<Tensor, Tensor, Tensor> split_qkv(const Tensor& qkv, int64_t heads, int64_t kv_heads, int64_t head_dim,
                                             const RotaryOptions& rotary);

/// Causal attention inside each document: q [B,T,H,d], k, v [B,T,K,d] -> [B,T,H*d]; scale 1/sqrt(d). K divides H.
/// With `window` a query sees the window - 1 tokens before it and itself only; 0: all before it.
Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Segments& segments, int64_t window = 0);
/// New queries against a cache (inference only): q [B,T,H,d]; k, v [B,K,capacity,d]; row b's queries stand at positions
/// lengths[b] - T ... lengths[b] - 1 and see keys 0 up to their own, `window` of them at most. -> [B,T,H*d].
Tensor cached_attention(const Tensor& q, const Tensor& k, const Tensor& v, const std::vector<int64_t>& lengths,
                        int64_t window = 0);

/// x [...,2I] holds gate, then up -> silu(gate) * up [...,I] (arXiv:2002.05202).
Tensor swiglu(const Tensor& x);
Tensor gelu(const Tensor& x);
/// The tanh approximation, GPT-2's gelu_new.
Tensor gelu_tanh(const Tensor& x);
/// relu(x)^2 (arXiv:2109.08668).
Tensor relu2(const Tensor& x);

/// Variations of the cross-entropy; zero turns each off.
struct LossOptions {
  double softcap = 0;          ///< logits become softcap * tanh(logits / softcap)
  double z_loss = 0;           ///< adds z_loss * log(sum of exp(logits))^2 (arXiv:2204.02311)
  double label_smoothing = 0;  ///< this share of the target's weight goes to all words alike
  bool dft = false;            ///< each row's loss is multiplied by its target's probability, taken as a constant
  bool unlikelihood = false;   ///< a row of negative weight w costs |w| * -log(1 - p) instead of w * -log p
};
/// Sum over rows of weights[n] * -log softmax(hidden[n] . head)[targets[n]], without ever holding [N,V].
/// hidden [N,C]; head [V,C]; targets [N] int64; weights [N] fp32, rows of weight 0 are skipped whole.
/// `scale` multiplies the sum (1 / supervised tokens of the step): gradients are computed in the forward pass with it.
/// Returns the scaled sum, a scalar in fp32, differentiable with respect to hidden; head's gradient is added to head.grad().
Tensor linear_cross_entropy(const Tensor& hidden, const Tensor& head, const Tensor& targets, const Tensor& weights,
                            double scale, const LossOptions& options = {});
/// cap * tanh(x / cap).
Tensor softcap(const Tensor& x, double cap);
/// log softmax(hidden[n] . head)[targets[n]] for each row, in chunks: [N] fp32, differentiable (recomputes in backward).
/// `cap` is LossOptions::softcap.
/// With `greedy` non-null, *greedy is set to [N] bool: whether the target is the argmax.
Tensor linear_log_probs(const Tensor& hidden, const Tensor& head, const Tensor& targets, double cap = 0,
                        Tensor* greedy = nullptr);

}  // namespace slovo::ops
