#include "model/embedding_noise.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "core/rng.h"

namespace slovo {
namespace {

/// `count` numbers from -1 to 1; one drawing of 64 bits serves four.
void draw_row(float* out, int64_t count, uint64_t seed, uint64_t pass, uint64_t row, float scale) {
  constexpr int64_t kPerDraw = 4;
  constexpr float kHalf = 32768;
  static_assert(kPerDraw * 16 == 64);
  for (int64_t first = 0; first < count; first += kPerDraw) {
    const auto draw = static_cast<uint64_t>(first / kPerDraw);
    uint64_t bits = random_bits(seed, pass, row << 20 | draw);
    for (int64_t i = first; i < std::min(first + kPerDraw, count); ++i, bits >>= 16) {
      const auto number = static_cast<float>(bits & 0xFFFF);
      out[i] = ((number + 0.5F) / kHalf - 1) * scale;
    }
  }
}

}  // namespace

at::Tensor EmbeddingNoise::draw(const Segments& segments, int64_t hidden_size, uint64_t pass,
                                at::TensorOptions options) const {
  at::Tensor noise = at::empty({segments.batch, segments.length, hidden_size}, at::kFloat);
  float* const values = noise.mutable_data_ptr<float>();
  const uint64_t own = random_bits(seed, random_stream("embedding noise"), 0);
  const auto documents = static_cast<int64_t>(segments.offsets.size()) - 1;
  at::parallel_for(0, documents, 1, [&](int64_t begin, int64_t end) {
    for (int64_t document = begin; document < end; ++document) {
      const int64_t first = segments.offsets[static_cast<size_t>(document)];
      const int64_t last = segments.offsets[static_cast<size_t>(document) + 1];
      const auto size = static_cast<double>((last - first) * hidden_size);
      const auto scale = static_cast<float>(alpha / std::sqrt(size));
      for (int64_t row = first; row < last; ++row) {
        draw_row(values + row * hidden_size, hidden_size, own, pass, static_cast<uint64_t>(row),
                 scale);
      }
    }
  });
  return noise.to(options.device(), c10::typeMetaToScalarType(options.dtype()));
}

}  // namespace slovo
