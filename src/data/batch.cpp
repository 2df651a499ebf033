#include "data/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace slovo {

Batch Batch::to(at::Device device) const {
  Batch out = *this;
  for (at::Tensor* tensor : {&out.ids_BT, &out.targets_BT, &out.weights_BT, &out.positions_BT}) {
    if (!tensor->defined() || tensor->device() == device) continue;
    // From pinned memory the copy goes on while the processor prepares what is next.
    *tensor = device.is_cuda() ? tensor->pin_memory().to(device, /*non_blocking=*/true)
                               : tensor->to(device);
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

namespace {

/// Joined rows are filled up to a multiple of this share of what the full ones would take: each new
/// shape costs its preparation, and memory that fits no other.
constexpr int64_t kShapes = 8;

/// Places of each row up to the last one that is learned from.
std::vector<int64_t> used_places(const at::Tensor& weights_BT) {
  const at::Tensor weights = weights_BT.contiguous();
  const float* weight = weights.data_ptr<float>();
  const int64_t length = weights.size(1);
  std::vector<int64_t> used;
  for (int64_t row = 0; row < weights.size(0); ++row) {
    int64_t end = length;
    while (end > 0 && weight[row * length + end - 1] == 0) --end;
    used.push_back(end);
  }
  return used;
}

}  // namespace

Batch Batch::without_padding() const {
  const int64_t length = segments.length;
  const std::vector<int64_t> used = used_places(weights_BT);
  const int64_t total = std::accumulate(used.begin(), used.end(), int64_t{0});
  const int64_t unit = std::max<int64_t>(1, rows() * length / kShapes);
  const int64_t filled = (total + unit - 1) / unit * unit;
  if (total == 0 || filled >= rows() * length) return *this;
  const auto joined = [&](const at::Tensor& tensor) {
    std::vector<at::Tensor> parts;
    for (int64_t row = 0; row < rows(); ++row) {
      parts.push_back(tensor[row].narrow(0, 0, used[static_cast<size_t>(row)]));
    }
    parts.push_back(at::zeros({filled - total}, tensor.options()));
    return at::cat(parts).unsqueeze(0);
  };
  Batch out{joined(ids_BT), joined(targets_BT), joined(weights_BT), joined(positions_BT), {}};
  out.segments.batch = 1;
  out.segments.length = filled;
  int64_t shift = 0;  // from a place in the rows to one in the joined row
  for (const int32_t offset : segments.offsets) {
    const auto row = static_cast<size_t>(offset / length);
    if (row == used.size()) break;
    if (offset % length == 0 && row > 0) shift += used[row - 1] - length;
    if (offset % length < used[row]) {
      out.segments.offsets.push_back(static_cast<int32_t>(offset + shift));
    }
  }
  if (filled > total) out.segments.offsets.push_back(static_cast<int32_t>(total));
  out.segments.offsets.push_back(static_cast<int32_t>(filled));
  return out;
}

}  // namespace slovo
