#include "model/grow.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace slovo {
namespace {

bool has_row_per_token(const std::string& name) {
  return name == "embedding.weight" || name == "head.weight" ||
         name.ends_with(".value_embedding.weight");
}

}  // namespace

Transformer with_vocabulary(const Transformer& model, int64_t rows, int64_t known) {
  const at::NoGradGuard no_grad;
  ModelConfig config = model->config();
  const int64_t before = config.vocab_size;
  SLOVO_CHECK(rows >= before && known > 0 && known <= before, rows, " rows of ", known, " tokens");
  config.vocab_size = rows;
  Transformer out(config, model->head_weight().options());
  const auto from = named_weights(model);
  const auto to = named_weights(out);
  for (size_t i = 0; i < from.size(); ++i) {
    const at::Tensor& old = from[i].second;
    const at::Tensor& grown = to[i].second;
    if (!has_row_per_token(from[i].first)) {
      grown.copy_(old);
      continue;
    }
    grown.narrow(0, 0, known).copy_(old.narrow(0, 0, known));
    grown.narrow(0, known, rows - known).copy_(old.narrow(0, 0, known).mean(0, true));
  }
  return out;
}

}  // namespace slovo
