// What a model costs: parameters by part, and operations per token. From the config alone, before
// any tensor is made.
#include <algorithm>

#include "model/transformer.h"

namespace slovo {
namespace {

struct Counts {
  int64_t embedding = 0, attention = 0, mlp = 0, norm = 0, head = 0;
  int64_t matrices = 0;  ///< parameters that take part in a product with every token
};

Counts count(const ModelConfig& c) {
  const int64_t width = c.num_attention_heads * c.head_size();
  const int64_t qkv = width + 2 * c.key_value_heads() * c.head_size();
  const int64_t inner = c.mlp_size();
  const int64_t up = c.gated() ? 2 * inner : inner;
  const int64_t norm = c.norm == Norm::layer ? 2 * c.hidden_size : c.hidden_size;
  const int64_t table = c.vocab_size * c.hidden_size;
  const int64_t layers = c.num_hidden_layers;
  const int64_t kv_heads = c.key_value_heads();
  const int64_t value_layers = c.value_embeddings ? (layers + 1) / 2 : 0;
  const int64_t value_gates = value_layers * kv_heads * std::min(kValueGateInputs, c.hidden_size);

  Counts out;
  out.matrices =
      layers * (qkv * c.hidden_size + width * c.hidden_size + (up + inner) * c.hidden_size) +
      table + value_gates;
  out.embedding = table + value_layers * c.vocab_size * kv_heads * c.head_size() +
                  (c.position == Position::learned ? c.max_position_embeddings * c.hidden_size : 0);
  out.attention = layers * (qkv + width) * c.hidden_size + value_gates;
  if (c.residual_scalars) out.attention += 2 * layers;
  if (c.attention_bias) out.attention += layers * (qkv + c.hidden_size);
  out.mlp = layers * (up + inner) * c.hidden_size;
  if (c.mlp_bias) out.mlp += layers * (up + c.hidden_size);
  out.norm = (2 * layers + 1) * norm + (c.qk_norm ? layers * 2 * c.head_size() : 0);
  out.head = c.tie_word_embeddings ? 0 : table;
  return out;
}

}  // namespace

std::vector<std::pair<std::string, int64_t>> parameter_counts(const ModelConfig& config) {
  const Counts counts = count(config);
  return {{"embedding", counts.embedding},
          {"attention", counts.attention},
          {"mlp", counts.mlp},
          {"norm", counts.norm},
          {"head", counts.head}};
}

double train_flops_per_token(const ModelConfig& config, int64_t seq_len) {
  // Scores and their product with the values take 4 H d operations forward and twice that backward
  // for each token seen: half of the text on average, less in a window.
  const auto length = static_cast<double>(seq_len);
  const double window = config.sliding_window > 0
                            ? std::min(length, static_cast<double>(config.sliding_window))
                            : length;
  const double seen = window - window * window / (2 * length);
  const double attention = 12.0 * static_cast<double>(config.num_hidden_layers) * seen *
                           static_cast<double>(config.num_attention_heads * config.head_size());
  return 6.0 * static_cast<double>(count(config).matrices) + attention;
}

}  // namespace slovo
