#include "ops/product.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "kernels/rows.h"
#include "kernels/weight_gradient.h"
#include "ops/dispatch.h"

namespace slovo::ops::detail {
namespace {

/// Elements of a weight's gradient that are computed at once: the whole of a large vocabulary's
/// would take more memory than anything else in a step.
constexpr int64_t kGradientElements = int64_t{1} << 23;
/// Fewer rows than this are a matter of reading the weight, which at::linear does as fast.
constexpr int64_t kFewRows = 16;

/// oneDNN's product with its bias. at::linear takes MKL for fp32, which on AMD processors runs at
/// half of oneDNN's speed; for bf16 it takes oneDNN, but adds the bias in a pass of its own.
class OneDnn {
 public:
  static bool serves(const Tensor& x) {
    return x.size(0) >= kFewRows && handle().has_value() &&
           (x.scalar_type() == at::kFloat || kernels::bf16_products_available());
  }
  /// a [m,k] . b [n,k]^T + bias [n]; b may be a transposed view.
  static Tensor product(const Tensor& a, const Tensor& b, const Tensor& bias = {}) {
    return handle()->typed<Signature>().call(a, b, optional(bias), "none",
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
  if (x.scalar_type() == at::kFloat && OneDnn::serves(x))
    return OneDnn::product(transposed(grad, first, count), x.t());
  return grad.narrow(1, first, count).t().mm(x);
}

/// Each thread sums the gradients of its own rows, so the result is the same for any number.
void add_bf16_gradient(const Tensor& grad, const Tensor& x, const Tensor& sum,
                       const Tensor& bias_sum) {
  constexpr int64_t kRows = kernels::kWeightGradientRows;
  const int64_t rows = grad.size(1);
  const int64_t columns = x.size(1);
  auto* const bias = data<float>(bias_sum);
  for_range((rows + kRows - 1) / kRows, kRows * grad.size(0), [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kRows;
    kernels::add_weight_gradient(kernels::WeightGradient{
        grad.size(0), std::min(end * kRows, rows) - first, columns,
        data<kernels::Bf16>(grad) + first, rows, data<kernels::Bf16>(x), columns,
        data<float>(sum) + first * columns, bias != nullptr ? bias + first : nullptr});
  });
}

}  // namespace

Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return OneDnn::serves(x) ? OneDnn::product(x, weight, bias) : at::linear(x, weight, bias);
}

Tensor product_input_gradient(const Tensor& grad, const Tensor& weight) {
  return OneDnn::serves(grad) ? OneDnn::product(grad, weight.t()) : grad.mm(weight);
}

void add_weight_gradient(const Tensor& grad, const Tensor& x, const Tensor& sum,
                         const Tensor& bias_sum) {
  if (grad.scalar_type() == at::kBFloat16 && kernels::bf16_products_available())
    return add_bf16_gradient(grad, x, sum, bias_sum);
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
  if (bias_sum.defined()) add_bias_gradient(grad, bias_sum);
}

void add_bias_gradient(const Tensor& grad, const Tensor& sum) {
  const int64_t size = grad.size(1);
  by_type(grad, [&](auto type) {
    using T = decltype(type);
    sum_blocks(grad.size(0), size, data<float>(sum), [&](int64_t begin, int64_t end, float* part) {
      kernels::add_column_sums(end - begin, size, size, data<T>(grad) + begin * size, part);
    });
  });
}

}  // namespace slovo::ops::detail
