#include "ops/segments.h"

namespace slovo {

Segments Segments::rows(int64_t batch, int64_t length) {
  Segments out{batch, length, {}};
  for (int64_t b = 0; b <= batch; ++b) out.offsets.push_back(static_cast<int32_t>(b * length));
  return out;
}

}  // namespace slovo
