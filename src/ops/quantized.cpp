#include "ops/quantized.h"

#include <ATen/ATen.h>

#include "core/error.h"
#include "kernels/quantized.h"
#include "ops/dispatch.h"

namespace slovo::ops {
namespace {

constexpr int64_t kBlock = kernels::kNf4Block;
/// Blocks whose scales share a scale.
constexpr int64_t kGroup = 256;
/// The largest fp8 (e4m3) number.
constexpr double kLargestFp8 = 448;

int64_t blocks_of(int64_t elements) { return (elements + kBlock - 1) / kBlock; }

/// How many rows a thread quantises or reads at once: whole NF4 blocks.
template <class Body>
void for_row_steps(int64_t rows, int64_t columns, const Body& body) {
  constexpr int64_t kStep = QuantizedMatrix::kStep;
  detail::for_range((rows + kStep - 1) / kStep, kStep * columns, [&](int64_t begin, int64_t end) {
    body(begin * kStep, std::min(rows, end * kStep) - begin * kStep);
  });
}

}  // namespace

QuantizedMatrix::QuantizedMatrix(LoraBase form, const Tensor& matrix)
    : form_(form), rows_(matrix.size(0)), columns_(matrix.size(1)) {
  const at::NoGradGuard no_grad;
  SLOVO_CHECK(form != LoraBase::full, "a matrix kept in full is not a quantised one");
  const Tensor values = matrix.to(at::kCPU, at::kFloat).contiguous();
  form == LoraBase::int8 ? keep_int8(values) : keep_nf4(values);
  for (Tensor* each : {&codes_, &scales_, &group_scales_}) {
    if (each->defined()) *each = each->to(matrix.device());
  }
}

void QuantizedMatrix::keep_int8(const Tensor& values) {
  codes_ = at::empty({rows_, columns_}, at::kChar);
  scales_ = at::empty({rows_}, at::kFloat);
  for_row_steps(rows_, columns_, [&](int64_t begin, int64_t count) {
    const int64_t first = begin * columns_;
    kernels::quantize_int8(count, columns_, detail::data<float>(values) + first,
                           detail::data<int8_t>(codes_) + first,
                           detail::data<float>(scales_) + begin);
  });
}

void QuantizedMatrix::keep_nf4(const Tensor& values) {
  const int64_t blocks = blocks_of(values.numel());
  codes_ = at::empty({(values.numel() + 1) / 2}, at::kByte);
  const Tensor largest = at::empty({blocks}, at::kFloat);
  for_row_steps(rows_, columns_, [&](int64_t begin, int64_t count) {
    const int64_t first = begin * columns_;
    kernels::quantize_nf4(count * columns_, detail::data<float>(values) + first,
                          detail::data<uint8_t>(codes_) + first / 2,
                          detail::data<float>(largest) + first / kBlock);
  });
  mean_ = largest.mean().item<double>();
  const int64_t groups = (blocks + kGroup - 1) / kGroup;
  const Tensor rest =
      at::constant_pad_nd(largest - mean_, {0, groups * kGroup - blocks}).view({groups, kGroup});
  group_scales_ = rest.abs().amax(1, /*keepdim=*/true).div(kLargestFp8).clamp_min(1e-30);
  scales_ = (rest / group_scales_).to(at::kFloat8_e4m3fn);
}

int64_t QuantizedMatrix::bytes() const {
  const auto size = [](const Tensor& x) {
    return x.defined() ? static_cast<int64_t>(x.nbytes()) : 0;
  };
  return size(codes_) + size(scales_) + size(group_scales_);
}

Tensor QuantizedMatrix::block_scales(int64_t first, int64_t count) const {
  const int64_t group = first / kGroup;
  const int64_t groups = (first + count + kGroup - 1) / kGroup - group;
  const Tensor scales =
      scales_.narrow(0, group, groups).to(at::kFloat) * group_scales_.narrow(0, group, groups) +
      mean_;
  return scales.flatten().narrow(0, first - group * kGroup, count);
}

/// In ATen, for any device: fp32.
Tensor QuantizedMatrix::read_plainly(int64_t begin, int64_t count) const {
  if (form_ == LoraBase::int8) {
    return codes_.narrow(0, begin, count).to(at::kFloat) *
           scales_.narrow(0, begin, count).unsqueeze(1);
  }
  const int64_t size = count * columns_;
  const Tensor bytes = codes_.narrow(0, begin * columns_ / 2, (size + 1) / 2);
  const Tensor codes = at::stack({bytes.bitwise_right_shift(4), bytes.bitwise_and(15)}, 1);
  const Tensor table = at::tensor(c10::ArrayRef<float>(kernels::kNf4Values));
  const Tensor values =
      table.to(codes_.device()).index({codes.flatten().to(at::kLong)}).narrow(0, 0, size);
  const Tensor scales = block_scales(begin * columns_ / kBlock, blocks_of(size))
                            .repeat_interleave(kBlock)
                            .narrow(0, 0, size);
  return (values * scales).view({count, columns_});
}

Tensor QuantizedMatrix::read(int64_t begin, int64_t count, at::ScalarType dtype) const {
  SLOVO_CHECK(begin % kStep == 0 && begin + count <= rows_, "rows from ", begin, " of ", rows_);
  const at::NoGradGuard no_grad;
  Tensor out = at::empty({count, columns_}, codes_.options().dtype(dtype));
  if (!detail::use_fast(out)) return read_plainly(begin, count).to(dtype);
  const bool int8 = form_ == LoraBase::int8;
  const int64_t first = begin * columns_;
  const Tensor scales = int8 ? scales_.narrow(0, begin, count)
                             : block_scales(first / kBlock, blocks_of(count * columns_));
  detail::by_type(out, [&](auto type) {
    using T = decltype(type);
    for_row_steps(count, columns_, [&](int64_t from, int64_t rows) {
      const int64_t place = from * columns_;
      if (int8) {
        kernels::dequantize_int8(rows, columns_, detail::data<int8_t>(codes_) + first + place,
                                 detail::data<float>(scales) + from, detail::data<T>(out) + place);
      } else {
        kernels::dequantize_nf4(
            rows * columns_, detail::data<uint8_t>(codes_) + (first + place) / 2,
            detail::data<float>(scales) + place / kBlock, detail::data<T>(out) + place);
      }
    });
  });
  return out;
}

void QuantizedWeight::add(const Tensor& rows) { parts_.emplace_back(form_, rows.to(device_)); }

int64_t QuantizedWeight::rows() const {
  int64_t total = 0;
  for (const QuantizedMatrix& each : parts_) total += each.rows();
  return total;
}

int64_t QuantizedWeight::bytes() const {
  int64_t total = 0;
  for (const QuantizedMatrix& each : parts_) total += each.bytes();
  return total;
}

Tensor QuantizedWeight::read(int64_t begin, int64_t count, at::ScalarType dtype) const {
  for (const QuantizedMatrix& each : parts_) {
    if (begin + count <= each.rows()) return each.read(begin, count, dtype);
    begin -= each.rows();
  }
  SLOVO_CHECK(false, "no part holds ", count, " rows from ", begin);
}

c10::intrusive_ptr<QuantizedWeight> QuantizedWeight::part(int64_t begin, int64_t count) const {
  auto out = c10::make_intrusive<QuantizedWeight>(form_, device_);
  int64_t row = 0;
  for (const QuantizedMatrix& each : parts_) {
    if (row == begin && each.rows() == count) out->parts_.push_back(each);
    row += each.rows();
  }
  SLOVO_CHECK(out->parts_.size() == 1, "no part is ", count, " rows from ", begin);
  return out;
}

}  // namespace slovo::ops
