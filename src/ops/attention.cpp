// Causal attention inside documents, and against a cache.
#include <ATen/ATen.h>

#include "ops/dispatch.h"
#include "ops/ops.h"

namespace slovo::ops {
namespace {

/// q [B,H,T,d], k, v [B,K,S,d]: query t sees keys 0 ... S - T + t. -> [B,T,H*d].
Tensor reference_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const int64_t queries = q.size(2);
  const int64_t keys = k.size(2);
  std::optional<Tensor> mask;
  if (queries > 1 && queries < keys) {
    mask = at::ones({queries, keys}, q.options().dtype(at::kBool)).tril(keys - queries);
  }
  const bool causal = queries > 1 && queries == keys;
  const bool grouped = q.size(1) != k.size(1);
  const Tensor out = at::scaled_dot_product_attention(q, k, v, mask, 0.0, causal, {}, grouped);
  return out.transpose(1, 2).reshape({q.size(0), queries, -1});
}

Tensor reference_documents(const Tensor& q, const Tensor& k, const Tensor& v,
                           const Segments& segments) {
  if (segments.whole_rows()) {
    return reference_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2));
  }
  const auto document = [](const Tensor& x, int64_t begin, int64_t count) {
    return x.flatten(0, 1).narrow(0, begin, count).unsqueeze(0).transpose(1, 2);
  };
  std::vector<Tensor> outputs;
  for (size_t i = 0; i + 1 < segments.offsets.size(); ++i) {
    const int64_t begin = segments.offsets[i];
    const int64_t count = segments.offsets[i + 1] - begin;
    outputs.push_back(reference_attention(document(q, begin, count), document(k, begin, count),
                                          document(v, begin, count)));
  }
  return at::cat(outputs, 1).view({q.size(0), q.size(1), -1});
}

}  // namespace

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                        const Segments& segments) {
  return reference_documents(q, k, v, segments);
}

Tensor cached_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                        const std::vector<int64_t>& lengths) {
  std::vector<Tensor> rows;
  for (int64_t b = 0; b < q.size(0); ++b) {
    const int64_t keys = lengths[static_cast<size_t>(b)];
    rows.push_back(reference_attention(q.narrow(0, b, 1).transpose(1, 2),
                                       k.narrow(0, b, 1).narrow(2, 0, keys),
                                       v.narrow(0, b, 1).narrow(2, 0, keys)));
  }
  return at::cat(rows, 0);
}

}  // namespace slovo::ops
