// From the joint projection to queries, keys and values ready for attention.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/rotary.h"
#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

using detail::data;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

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

/// The heads of the joint projection: [B,T,H+2K,d].
struct Heads {
  int64_t queries, keys;
  Tensor q(const Tensor& all) const { return all.narrow(2, 0, queries); }
  Tensor k(const Tensor& all) const { return all.narrow(2, queries, keys); }
  Tensor v(const Tensor& all) const { return all.narrow(2, queries + keys, keys); }
};

variable_list reference_split(const Tensor& all, Heads heads, const RotaryOptions& rotary) {
  Tensor cos;
  Tensor sin;
  if (rotary.cos.defined()) {
    cos = rotary.cos.index({rotary.positions}).unsqueeze(2);
    sin = rotary.sin.index({rotary.positions}).unsqueeze(2);
  }
  return {prepare(heads.q(all), rotary.q_norm, cos, sin, rotary.norm_eps),
          prepare(heads.k(all), rotary.k_norm, cos, sin, rotary.norm_eps), heads.v(all)};
}

/// `out`: the rotated heads, or in the backward pass the gradient of all heads, changed in place.
template <class T>
kernels::RotaryPass<T> rotary_pass(const Tensor& all, const Tensor& out, Heads heads,
                                   const RotaryOptions& rotary) {
  kernels::RotaryPass<T> pass{};
  pass.tokens = all.size(0) * all.size(1);
  pass.heads = heads.queries;
  pass.kv_heads = heads.keys;
  pass.head_dim = all.size(3);
  pass.x = data<T>(all);
  pass.x_step = all.size(2) * all.size(3);
  pass.out = data<T>(out);
  pass.out_step = out.size(2) * out.size(3);
  pass.cos = data<float>(rotary.cos);
  pass.sin = data<float>(rotary.sin);
  pass.positions = data<int64_t>(rotary.positions);
  pass.q_norm = data<T>(rotary.q_norm);
  pass.k_norm = data<T>(rotary.k_norm);
  pass.eps = static_cast<float>(rotary.norm_eps);
  return pass;
}

template <class T>
kernels::RotaryPass<T> part_of(kernels::RotaryPass<T> pass, int64_t begin, int64_t end) {
  pass.tokens = end - begin;
  pass.x += begin * pass.x_step;
  pass.out += begin * pass.out_step;
  if (pass.positions != nullptr) pass.positions += begin;
  return pass;
}

Tensor fast_forward(const Tensor& all, Heads heads, const RotaryOptions& rotary) {
  const int64_t count = heads.queries + heads.keys;
  Tensor out = at::empty({all.size(0), all.size(1), count, all.size(3)}, all.options());
  detail::by_type(all, [&](auto type) {
    const auto pass = rotary_pass<decltype(type)>(all, out, heads, rotary);
    detail::for_range(pass.tokens, 2 * pass.out_step, [&](int64_t begin, int64_t end) {
      kernels::rotary_forward(part_of(pass, begin, end));
    });
  });
  return out;
}

void fast_backward(const Tensor& all, const Tensor& grad, Heads heads,
                   const RotaryOptions& rotary) {
  const int64_t size = all.size(3);
  const bool norms = rotary.q_norm.defined() || rotary.k_norm.defined();
  const Tensor sums = at::zeros({2, size}, all.options().dtype(at::kFloat));
  detail::by_type(all, [&](auto type) {
    const auto pass = rotary_pass<decltype(type)>(all, grad, heads, rotary);
    const auto run = [&](int64_t begin, int64_t end, float* part) {
      auto piece = part_of(pass, begin, end);
      piece.q_norm_grad = part;
      piece.k_norm_grad = part != nullptr ? part + size : nullptr;
      kernels::rotary_backward(piece);
    };
    if (norms) {
      detail::sum_blocks(pass.tokens, 2 * size, data<float>(sums), run);
    } else {
      detail::for_range(pass.tokens, 2 * pass.out_step,
                        [&](int64_t begin, int64_t end) { run(begin, end, nullptr); });
    }
  });
  detail::add_gradient(rotary.q_norm, sums[0]);
  detail::add_gradient(rotary.k_norm, sums[1]);
}

/// The gradients of q, k and v as one [B,T,H+2K,d]: where attention wrote them into one, that one.
Tensor joined(const variable_list& gradients, const Tensor& all, Heads heads) {
  const int64_t size = all.size(3);
  const Tensor& q = gradients[0];
  const auto follows = [&](const Tensor& x, int64_t head) {
    return x.defined() && q.storage().is_alias_of(x.storage()) && x.strides() == q.strides() &&
           x.storage_offset() == q.storage_offset() + head * size;
  };
  if (q.defined() && q.storage_offset() == 0 && q.storage().nbytes() == all.nbytes() &&
      follows(gradients[1], heads.queries) && follows(gradients[2], heads.queries + heads.keys)) {
    return q.as_strided(all.sizes(), all.strides(), 0);
  }
  Tensor out = at::zeros_like(all);
  if (q.defined()) heads.q(out).copy_(q);
  if (gradients[1].defined()) heads.k(out).copy_(gradients[1]);
  if (gradients[2].defined()) heads.v(out).copy_(gradients[2]);
  return out;
}

struct SplitQkv : torch::autograd::Function<SplitQkv> {
  static variable_list forward(AutogradContext* ctx, const Tensor& all, int64_t queries,
                               int64_t keys, const RotaryOptions& rotary,
                               const std::optional<Tensor>&, const std::optional<Tensor>&) {
    const Heads heads{queries, keys};
    ctx->save_for_backward({all, rotary.q_norm, rotary.k_norm});
    ctx->saved_data["queries"] = queries;
    ctx->saved_data["keys"] = keys;
    ctx->saved_data["eps"] = rotary.norm_eps;
    ctx->saved_data["tables"] = std::vector<Tensor>{rotary.cos, rotary.sin, rotary.positions};
    if (!rotary.cos.defined() && !rotary.q_norm.defined())
      return {heads.q(all), heads.k(all), heads.v(all)};
    const Tensor rotated = fast_forward(all, heads, rotary);
    return {heads.q(rotated), heads.k(rotated), heads.v(all)};
  }
  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    const Heads heads{ctx->saved_data["queries"].toInt(), ctx->saved_data["keys"].toInt()};
    const auto tables = ctx->saved_data["tables"].toTensorVector();
    const RotaryOptions rotary{tables[0], tables[1], tables[2],
                               saved[1],  saved[2],  ctx->saved_data["eps"].toDouble()};
    const Tensor grad = joined(gradients, saved[0], heads);
    if (rotary.cos.defined() || rotary.q_norm.defined()) {
      fast_backward(saved[0], grad, heads, rotary);
    }
    return {grad, Tensor(), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

std::tuple<Tensor, Tensor, Tensor> split_qkv(const Tensor& qkv, int64_t heads, int64_t kv_heads,
                                             int64_t head_dim, const RotaryOptions& rotary) {
  const Heads counts{heads, kv_heads};
  const Tensor all = qkv.view({qkv.size(0), qkv.size(1), heads + 2 * kv_heads, head_dim});
  variable_list out;
  if (detail::use_fast(qkv)) {
    RotaryOptions dense = rotary;
    if (rotary.positions.defined()) dense.positions = rotary.positions.contiguous();
    out = SplitQkv::apply(all.contiguous(), heads, kv_heads, dense, detail::optional(rotary.q_norm),
                          detail::optional(rotary.k_norm));
  } else {
    out = reference_split(all, counts, rotary);
  }
  return {out[0], out[1], out[2]};
}

}  // namespace slovo::ops
