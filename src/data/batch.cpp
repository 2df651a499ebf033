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

}  // namespace slovo
