#include "ops/product.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "kernels/rows.h"
#include "ops/dispatch.h"

namespace slovo::ops::detail {
namespace {

/// Fewer rows than this are a matter of reading the weight, which at::linear does as fast.
constexpr int64_t kFewRows = 16;

/// oneDNN's fp32 product. at::mm takes MKL for fp32, which on AMD processors runs at half of
/// oneDNN's speed; for bf16 at::mm itself takes oneDNN.
class OneDnn {
 public:
  static bool serves(const Tensor& x) {
    return x.scalar_type() == at::kFloat && x.size(0) >= kFewRows && handle().has_value();
  }
  /// a [m,k] . b [n,k]^T; b may be a transposed view.
  static Tensor product(const Tensor& a, const Tensor& b) {
    return handle()->typed<Signature>().call(a, b, std::nullopt, "none",
                                             c10::List<std::optional<c10::Scalar>>(), "");
  }

 private:
  using Signature = Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                           std::string_view, c10::List<std::optional<c10::Scalar>>,
                           std::optional<std::string_view>);
  static const std::optional<c10::OperatorHandle>& handle() {
    static const auto found =
        c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
    return found;
  }
};

Tensor transposed(const Tensor& x) {
  Tensor out = at::empty({x.size(1), x.size(0)}, x.options());
  for_range(x.size(1), x.size(0), [&](int64_t begin, int64_t end) {
    kernels::transpose(x.size(0), x.size(1), begin, end, data<float>(x), data<float>(out));
  });
  return out;
}

}  // namespace

Tensor product(const Tensor& x, const Tensor& weight) {
  return OneDnn::serves(x) ? OneDnn::product(x, weight) : at::linear(x, weight);
}

Tensor product_input_gradient(const Tensor& grad, const Tensor& weight) {
  return OneDnn::serves(grad) ? OneDnn::product(grad, weight.t()) : grad.mm(weight);
}

void add_weight_gradient(const Tensor& grad, const Tensor& x, const Tensor& sum) {
  const Tensor part = OneDnn::serves(x) ? OneDnn::product(transposed(grad), x.t()) : grad.t().mm(x);
  by_type(part, [&](auto type) {
    using T = decltype(type);
    for_range(part.numel(), 1, [&](int64_t begin, int64_t end) {
      kernels::accumulate(end - begin, data<T>(part) + begin, data<float>(sum) + begin);
    });
  });
}

}  // namespace slovo::ops::detail
