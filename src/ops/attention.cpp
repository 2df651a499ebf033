// Causal attention inside documents, and against a cache.
#include "kernels/attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <atomic>
#include <cmath>
#include <numeric>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

/// q [B,H,T,d], k, v [B,K,S,d]: query t sees keys 0 ... S - T + t, or the last `window` of these.
/// -> [B,T,H*d].
Tensor reference_attention(const Tensor& q, const Tensor& k, const Tensor& v, int64_t window) {
  const int64_t queries = q.size(2);
  const int64_t unseen = window > 0 ? std::max<int64_t>(0, k.size(2) - queries + 1 - window) : 0;
  const int64_t keys = k.size(2) - unseen;
  const bool limited = window > 0 && window < keys;
  std::optional<Tensor> mask;
  if (queries > 1 && (queries < keys || limited)) {
    mask = at::ones({queries, keys}, q.options().dtype(at::kBool)).tril(keys - queries);
    if (limited) mask->triu_(keys - queries - window + 1);
  }
  const bool causal = queries > 1 && !mask;
  const bool grouped = q.size(1) != k.size(1);
  const Tensor out = at::scaled_dot_product_attention(
      q, k.narrow(2, unseen, keys), v.narrow(2, unseen, keys), mask, 0.0, causal, {}, grouped);
  return out.transpose(1, 2).reshape({q.size(0), queries, -1});
}

/// Whether the GPU, the dtype and the head size suit LibTorch's flash kernel.
bool can_flash(const Tensor& q, const Tensor& k) {
  if (!q.is_cuda() || implementation() != Implementation::fast || q.size(3) % 8 != 0) return false;
  constexpr int64_t kFlash = 1;  // at::SDPBackend::flash_attention
  const Tensor queries = q.transpose(1, 2);
  const Tensor keys = k.transpose(1, 2);
  return at::_fused_sdp_choice(queries, keys, keys, {}, 0.0, /*is_causal=*/true, {},
                               q.size(2) != k.size(2)) == kFlash;
}

/// All documents and windows in one call of the flash kernel, which no mask slows down.
Tensor flash_documents(const Tensor& q, const Tensor& k, const Tensor& v, const Segments& segments,
                       int64_t window) {
  const std::vector<int32_t>& offsets = segments.offsets;
  int64_t longest = 0;
  for (size_t i = 0; i + 1 < offsets.size(); ++i)
    longest = std::max<int64_t>(longest, offsets[i + 1] - offsets[i]);
  const Tensor starts =
      at::tensor(offsets, at::kInt).pin_memory().to(q.device(), /*non_blocking=*/true);
  const auto before = window > 0 ? std::optional<int64_t>(window - 1) : std::nullopt;
  const auto after = window > 0 ? std::optional<int64_t>(0) : std::nullopt;
  const double scale = 1 / std::sqrt(static_cast<double>(q.size(3)));
  const Tensor out = std::get<0>(at::_flash_attention_forward(
      q.flatten(0, 1), k.flatten(0, 1), v.flatten(0, 1), starts, starts, longest, longest,
      /*dropout_p=*/0.0, /*is_causal=*/true, /*return_debug_mask=*/false, scale, before, after));
  return out.view({q.size(0), q.size(1), -1});
}

Tensor reference_documents(const Tensor& q, const Tensor& k, const Tensor& v,
                           const Segments& segments, int64_t window) {
  if (segments.whole_rows()) {
    return reference_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), window);
  }
  const auto document = [](const Tensor& x, int64_t begin, int64_t count) {
    return x.flatten(0, 1).narrow(0, begin, count).unsqueeze(0).transpose(1, 2);
  };
  std::vector<Tensor> outputs;
  for (size_t i = 0; i + 1 < segments.offsets.size(); ++i) {
    const int64_t begin = segments.offsets[i];
    const int64_t count = segments.offsets[i + 1] - begin;
    outputs.push_back(reference_attention(document(q, begin, count), document(k, begin, count),
                                          document(v, begin, count), window));
  }
  return at::cat(outputs, 1).view({q.size(0), q.size(1), -1});
}

using kernels::AttentionItem;
using kernels::HeadRows;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// x [B,T,heads,d], its tokens at one distance from each other and its heads contiguous.
Tensor as_rows(const Tensor& x) {
  const bool rows = x.stride(3) == 1 && (x.size(0) == 1 || x.stride(0) == x.size(1) * x.stride(1));
  return rows ? x : x.contiguous();
}

/// The rows of one head, from the document's first token on.
HeadRows head_rows(const Tensor& x, int64_t token, int64_t head) {
  auto* const data = static_cast<char*>(x.data_ptr());
  const int64_t offset = token * x.stride(1) + head * x.stride(2);
  return {data + offset * static_cast<int64_t>(x.element_size()), x.stride(1), x.stride(2)};
}

/// The tensors of one pass over all documents and key/value heads; out, out_grad [B,T,H,d],
/// log_sums [H,B*T].
struct AttentionPass {
  int64_t window = 0;
  Tensor q, k, v, out, log_sums;
  Tensor out_grad, q_grad, k_grad, v_grad;

  AttentionItem item(int64_t begin, int64_t length, int64_t kv_head) const {
    const int64_t group = q.size(2) / k.size(2);
    AttentionItem x{};
    x.bf16 = q.scalar_type() == at::kBFloat16;
    x.length = length;
    x.window = window;
    x.group = group;
    x.head_dim = q.size(3);
    x.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(q.size(3))));
    x.q = head_rows(q, begin, kv_head * group);
    x.k = head_rows(k, begin, kv_head);
    x.v = head_rows(v, begin, kv_head);
    x.out = head_rows(out, begin, kv_head * group);
    if (log_sums.defined()) {
      x.log_sums_step = log_sums.size(1);
      x.log_sums = log_sums.data_ptr<float>() + kv_head * group * x.log_sums_step + begin;
    }
    if (!out_grad.defined()) return x;
    x.out_grad = head_rows(out_grad, begin, kv_head * group);
    x.q_grad = head_rows(q_grad, begin, kv_head * group);
    x.k_grad = head_rows(k_grad, begin, kv_head);
    x.v_grad = head_rows(v_grad, begin, kv_head);
    return x;
  }
};

/// Runs the kernel on every document and head. Each owns what it writes, so threads may take them
/// as they come without changing a bit; the longest come first.
void for_items(const AttentionPass& pass, const std::vector<int32_t>& offsets,
               void (*kernel)(const AttentionItem&)) {
  const int64_t documents = static_cast<int64_t>(offsets.size()) - 1;
  const int64_t heads = pass.k.size(2);
  const auto length = [&](int64_t i) {
    return offsets[static_cast<size_t>(i) + 1] - offsets[static_cast<size_t>(i)];
  };
  std::vector<int64_t> order(static_cast<size_t>(documents));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return length(a) > length(b); });
  std::atomic<int64_t> next{0};
  const auto work = [&](int64_t, int64_t) {
    for (int64_t i = next++; i < documents * heads; i = next++) {
      const int64_t document = order[static_cast<size_t>(i / heads)];
      kernel(pass.item(offsets[static_cast<size_t>(document)], length(document), i % heads));
    }
  };
  at::parallel_for(0, std::min<int64_t>(at::get_num_threads(), documents * heads), 1, work);
}

struct CausalAttention : torch::autograd::Function<CausalAttention> {
  static Tensor forward(AutogradContext* ctx, const Tensor& q, const Tensor& k, const Tensor& v,
                        const std::vector<int32_t>& offsets, int64_t window, bool differentiable) {
    AttentionPass pass;
    pass.window = window;
    pass.q = as_rows(q);
    pass.k = as_rows(k);
    pass.v = as_rows(v);
    pass.out = at::empty(q.sizes(), q.options());
    if (differentiable) {
      pass.log_sums = at::empty({q.size(2), q.size(0) * q.size(1)}, q.options().dtype(at::kFloat));
      ctx->save_for_backward({pass.q, pass.k, pass.v, pass.out, pass.log_sums});
      ctx->saved_data["offsets"] = std::vector<int64_t>(offsets.begin(), offsets.end());
      ctx->saved_data["window"] = window;
    }
    for_items(pass, offsets, kernels::attention_forward);
    return pass.out;
  }

  /// The three gradients lie in one [B,T,(H+2K)*d], as split_qkv's backward wants them.
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor& q = saved[0];
    const int64_t kv_heads = saved[1].size(2);
    const Tensor joint =
        at::empty({q.size(0), q.size(1), q.size(2) + 2 * kv_heads, q.size(3)}, q.options());
    const AttentionPass pass{ctx->saved_data["window"].toInt(),
                             q,
                             saved[1],
                             saved[2],
                             saved[3],
                             saved[4],
                             as_rows(gradients[0]),
                             joint.narrow(2, 0, q.size(2)),
                             joint.narrow(2, q.size(2), kv_heads),
                             joint.narrow(2, q.size(2) + kv_heads, kv_heads)};
    const std::vector<int64_t> offsets = ctx->saved_data["offsets"].toIntVector();
    for_items(pass, {offsets.begin(), offsets.end()}, kernels::attention_backward);
    return {pass.q_grad, pass.k_grad, pass.v_grad, Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Segments& segments,
                        int64_t window) {
  if (detail::use_fast(q)) {
    return CausalAttention::apply(q, k, v, segments.offsets, window, detail::needs_grad({q, k, v}))
        .flatten(2);
  }
  if (can_flash(q, k)) return flash_documents(q, k, v, segments, window);
  return reference_documents(q, k, v, segments, window);
}

Tensor cached_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                        const std::vector<int64_t>& lengths, int64_t window) {
  std::vector<Tensor> rows;
  for (int64_t b = 0; b < q.size(0); ++b) {
    const int64_t keys = lengths[static_cast<size_t>(b)];
    rows.push_back(reference_attention(q.narrow(0, b, 1).transpose(1, 2),
                                       k.narrow(0, b, 1).narrow(2, 0, keys),
                                       v.narrow(0, b, 1).narrow(2, 0, keys), window));
  }
  return at::cat(rows, 0);
}

}  // namespace slovo::ops
