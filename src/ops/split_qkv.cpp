// From the joint projection to queries, keys and values ready for attention.
#include <ATen/ATen.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

/// Rotates the pairs (x[i], x[i + d/2]) of x [B,T,heads,d] by the angles of cos, sin [B,T,1,d/2].
Tensor rotate(const Tensor& x, const Tensor& cos, const Tensor& sin) {
  const Tensor wide_x = detail::wide(x);
  const int64_t half = x.size(-1) / 2;
  const Tensor low = wide_x.narrow(-1, 0, half);
  const Tensor high = wide_x.narrow(-1, half, half);
  return at::cat({low * cos - high * sin, high * cos + low * sin}, -1).to(x.scalar_type());
}

Tensor prepare(const Tensor& heads, const Tensor& norm, const Tensor& cos, const Tensor& sin,
               double eps) {
  const Tensor normed = norm.defined() ? rms_norm(heads, norm, eps) : heads;
  return cos.defined() ? rotate(normed, cos, sin) : normed;
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> split_qkv(const Tensor& qkv, int64_t heads, int64_t kv_heads,
                                             int64_t head_dim, const RotaryOptions& rotary) {
  const int64_t batch = qkv.size(0);
  const int64_t length = qkv.size(1);
  const Tensor all = qkv.view({batch, length, heads + 2 * kv_heads, head_dim});
  Tensor cos;
  Tensor sin;
  if (rotary.cos.defined()) {
    cos = rotary.cos.index({rotary.positions}).unsqueeze(2);
    sin = rotary.sin.index({rotary.positions}).unsqueeze(2);
  }
  return {prepare(all.narrow(2, 0, heads), rotary.q_norm, cos, sin, rotary.norm_eps),
          prepare(all.narrow(2, heads, kv_heads), rotary.k_norm, cos, sin, rotary.norm_eps),
          all.narrow(2, heads + kv_heads, kv_heads)};
}

}  // namespace slovo::ops
