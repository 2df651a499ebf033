#include "model/projection.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "ops/ops.h"

namespace slovo {
namespace {

/// Elements of a weight that are looked at at once.
constexpr int64_t kPieceElements = int64_t{1} << 22;

at::Tensor plus(const at::Tensor& x, const at::Tensor& y) { return y.defined() ? x + y : x; }

}  // namespace

ProjectionImpl::ProjectionImpl(int64_t in, int64_t out, bool with_bias, at::TensorOptions options) {
  weight = register_parameter("weight", at::empty({out, in}, options));
  if (with_bias) bias = register_parameter("bias", at::empty({out}, options));
}

at::Tensor ProjectionImpl::forward(const at::Tensor& x, const at::Tensor& residual) {
  if (adapters_.empty()) return product(x, bias, residual);
  if (!adapters_.front()->has_magnitude()) {
    return product(x, bias, plus(changes(x, {}), residual));
  }
  const at::Tensor plain = product(x, {}, {});
  return plus(plus(plain + changes(x, plain), bias), residual);
}

at::Tensor ProjectionImpl::product(const at::Tensor& x, const at::Tensor& with_bias,
                                   const at::Tensor& residual) const {
  return quantized_ ? ops::quantized_linear(x, quantized_, with_bias, residual)
                    : ops::linear(x, weight, with_bias, residual);
}

at::Tensor ProjectionImpl::product_of_rows(const at::Tensor& x, const AdapterPlace& rows) const {
  return quantized_ ? ops::quantized_linear(x, quantized_->part(rows.begin, rows.rows))
                    : ops::linear(x, weight.narrow(0, rows.begin, rows.rows));
}

/// What the adapters add to the output [...,out], and zeros where there are none. `plain`: the
/// product without bias, where adapters have magnitudes.
at::Tensor ProjectionImpl::changes(const at::Tensor& x, const at::Tensor& plain) const {
  std::vector<at::Tensor> parts;
  int64_t row = 0;
  const auto fill_to = [&](int64_t next) {
    std::vector<int64_t> sizes = x.sizes().vec();
    sizes.back() = next - row;
    if (next > row) parts.push_back(at::zeros({1}, x.options()).expand(sizes));
  };
  for (const Adapter& adapter : adapters_) {
    fill_to(adapter->place().begin);
    parts.push_back(change(*adapter.ptr(), x, plain));
    row = adapter->place().begin + adapter->place().rows;
  }
  fill_to(weight.size(0));
  return parts.size() == 1 ? parts.front() : at::cat(parts, -1);
}

/// Of DoRA: the output becomes magnitude / norm times what it would be; the norm is a constant.
at::Tensor ProjectionImpl::change(AdapterImpl& adapter, const at::Tensor& x,
                                  const at::Tensor& plain) const {
  const at::Tensor input = adapter.dropped(x);
  const at::Tensor low_rank = adapter.low_rank(input);
  if (!adapter.has_magnitude()) return low_rank;
  const AdapterPlace& place = adapter.place();
  const at::Tensor before =
      input.is_same(x) ? plain.narrow(-1, place.begin, place.rows) : product_of_rows(input, place);
  return ops::rescale(before + low_rank, adapter.magnitude, changed_norms(adapter)) - before;
}

at::Tensor ProjectionImpl::changed_norms(AdapterImpl& adapter) const {
  if (adapter.norms.defined()) return adapter.norms;
  const at::NoGradGuard no_grad;
  const AdapterPlace& place = adapter.place();
  constexpr int64_t kStep = ops::QuantizedMatrix::kStep;
  const int64_t step = std::max<int64_t>(1, kPieceElements / weight.size(1) / kStep) * kStep;
  std::vector<at::Tensor> norms;
  for (int64_t begin = 0; begin < place.rows; begin += step) {
    const int64_t count = std::min(step, place.rows - begin);
    const at::Tensor rows = quantized_ ? quantized_->read(place.begin + begin, count, at::kFloat)
                                       : weight.narrow(0, place.begin + begin, count);
    norms.push_back(at::linalg_vector_norm(adapter.changed(rows, begin), 2, {{1}}));
  }
  const at::Tensor out = at::cat(norms);
  if (!adapter.is_training()) adapter.norms = out;
  return out;
}

void ProjectionImpl::quantize(LoraBase form) {
  quantized_ = c10::make_intrusive<ops::QuantizedWeight>(form, weight.device());
  weight = at::empty(weight.sizes(), weight.options().device(at::kMeta).requires_grad(false));
  parameters_["weight"] = weight;
}

void ProjectionImpl::set_rows(int64_t begin, const at::Tensor& rows) {
  const at::NoGradGuard no_grad;
  if (!quantized_) {
    weight.narrow(0, begin, rows.size(0)).copy_(rows);
    return;
  }
  SLOVO_CHECK(quantized_->rows() == begin, "rows from ", begin, " behind ", quantized_->rows());
  quantized_->add(rows);
}

void ProjectionImpl::add_adapter(const Adapter& adapter) {
  const AdapterPlace& place = adapter->place();
  const int64_t free =
      adapters_.empty() ? 0 : adapters_.back()->place().begin + adapters_.back()->place().rows;
  SLOVO_CHECK(place.begin >= free && place.begin + place.rows <= weight.size(0), place.full_name(),
              " at ", place.begin);
  adapters_.push_back(register_module(place.name, adapter));
}

void ProjectionImpl::init_magnitudes() {
  const at::NoGradGuard no_grad;
  for (Adapter& adapter : adapters_) {
    if (!adapter->has_magnitude()) continue;
    adapter->magnitude.copy_(changed_norms(*adapter.ptr()));
    adapter->norms = at::Tensor();  // kept only once the adapter is filled
  }
}

void ProjectionImpl::merge_adapters() {
  const at::NoGradGuard no_grad;
  SLOVO_CHECK(!quantized_, "a quantised weight takes no changes in");
  for (const Adapter& adapter : adapters_) {
    const AdapterPlace& place = adapter->place();
    const at::Tensor rows = weight.narrow(0, place.begin, place.rows);
    at::Tensor merged = adapter->changed(rows, 0);
    if (adapter->has_magnitude()) {
      merged.mul_((adapter->magnitude.to(at::kFloat) / changed_norms(*adapter.ptr())).unsqueeze(1));
    }
    rows.copy_(merged);
    unregister_module(place.name);
  }
  adapters_.clear();
}

TableImpl::TableImpl(int64_t rows, int64_t size, at::TensorOptions options) {
  weight = register_parameter("weight", at::empty({rows, size}, options));
}

at::Tensor TableImpl::forward(const at::Tensor& ids) { return ops::embedding(ids, weight); }

}  // namespace slovo
