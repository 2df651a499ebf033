#include "data/batch.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"

namespace slovo {

Batch Batch::to(at::Device device) const {
  Batch out = *this;
  for (at::Tensor* tensor : {&out.ids_BT, &out.targets_BT, &out.weights_BT, &out.positions_BT}) {
    if (tensor->defined()) *tensor = tensor->to(device);
  }
  return out;
}

Batch Batch::slice(int64_t begin, int64_t end) const {
  SLOVO_CHECK(begin >= 0 && begin < end && end <= rows(), "rows ", begin, " to ", end, " of ",
              rows());
  Batch out;
  out.ids_BT = ids_BT.slice(0, begin, end);
  out.targets_BT = targets_BT.slice(0, begin, end);
  out.weights_BT = weights_BT.slice(0, begin, end);
  out.positions_BT = positions_BT.slice(0, begin, end);
  out.segments.batch = end - begin;
  out.segments.length = segments.length;
  const auto base = static_cast<int32_t>(begin * segments.length);
  const auto stop = static_cast<int32_t>(end * segments.length);
  const auto& offsets = segments.offsets;
  const auto first = std::lower_bound(offsets.begin(), offsets.end(), base);
  const auto last = std::upper_bound(first, offsets.end(), stop);
  for (auto at = first; at != last; ++at) out.segments.offsets.push_back(*at - base);
  return out;
}

Batch Batch::without_padding() const {
  const int64_t length = segments.length;
  const auto weights = weights_BT.contiguous();
  const float* weight = weights.data_ptr<float>();
  std::vector<int64_t> used;
  int64_t total = 0;
  for (int64_t row = 0; row < rows(); ++row) {
    int64_t end = length;
    while (end > 0 && weight[row * length + end - 1] == 0) --end;
    used.push_back(end);
    total += end;
  }
  if (total == rows() * length || total == 0) return *this;
  const auto joined = [&](const at::Tensor& tensor) {
    std::vector<at::Tensor> parts;
    for (int64_t row = 0; row < rows(); ++row) {
      parts.push_back(tensor[row].narrow(0, 0, used[static_cast<size_t>(row)]));
    }
    return at::cat(parts).unsqueeze(0);
  };
  Batch out{joined(ids_BT), joined(targets_BT), joined(weights_BT), joined(positions_BT), {}};
  out.segments.batch = 1;
  out.segments.length = total;
  int64_t shift = 0;  // from a place in the rows to one in the joined row
  for (const int32_t offset : segments.offsets) {
    const int64_t row = offset / length;
    if (row == rows()) break;
    if (offset % length == 0) shift = row == 0 ? 0 : shift + used[static_cast<size_t>(row - 1)] - length;
    if (offset % length < used[static_cast<size_t>(row)]) {
      out.segments.offsets.push_back(static_cast<int32_t>(offset + shift));
    }
  }
  out.segments.offsets.push_back(static_cast<int32_t>(total));
  return out;
}

}  // namespace slovo
