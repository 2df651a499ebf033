#include "ops/product.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "kernels/rows.h"
#include "ops/dispatch.h"

namespace slovo::ops::detail {
namespace {

/// Elements of a weight's gradient that are computed at once: the whole of a large vocabulary's
/// would take more memory than anything else in a step.
constexpr int64_t kGradientElements = int64_t{1} << 23;
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

/// Columns [first, first + count) of x, as rows.
Tensor transposed(const Tensor& x, int64_t first, int64_t count) {
  Tensor out = at::empty({count, x.size(0)}, x.options());
  for_range(count, x.size(0), [&](int64_t begin, int64_t end) {
    kernels::transpose(x.size(0), x.size(1), begin, end, data<float>(x) + first, data<float>(out));
  });
  return out;
}

/// Rows [first, first + count) of grad^T . x.
Tensor weight_gradient_rows(const Tensor& grad, const Tensor& x, int64_t first, int64_t count) {
  if (OneDnn::serves(x)) return OneDnn::product(transposed(grad, first, count), x.t());
  return grad.narrow(1, first, count).t().mm(x);
}

}  // namespace

Tensor product(const Tensor& x, const Tensor& weight) {
  return OneDnn::serves(x) ? OneDnn::product(x, weight) : at::linear(x, weight);
}

Tensor product_input_gradient(const Tensor& grad, const Tensor& weight) {
  return OneDnn::serves(grad) ? OneDnn::product(grad, weight.t()) : grad.mm(weight);
}

void add_weight_gradient(const Tensor& grad, const Tensor& x, const Tensor& sum) {
  const int64_t rows = grad.size(1);
  const int64_t step = std::max<int64_t>(1, kGradientElements / x.size(1));
  for (int64_t first = 0; first < rows; first += step) {
    const int64_t count = std::min(step, rows - first);
    const Tensor part = weight_gradient_rows(grad, x, first, count);
    auto* const to = data<float>(sum) + first * x.size(1);
    by_type(part, [&](auto type) {
      using T = decltype(type);
      for_range(part.numel(), 1, [&](int64_t begin, int64_t end) {
        kernels::accumulate(end - begin, data<T>(part) + begin, to + begin);
      });
    });
  }
}

}  // namespace slovo::ops::detail
