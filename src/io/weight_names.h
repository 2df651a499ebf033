// How each family of transformers names and lays out the weights, one table for reading and
// writing. Speaks of parameters by the module's names only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "io/safetensors.h"

namespace slovo {

/// A tensor of the file: rows [begin, begin + rows) of a parameter, perhaps transposed.
struct StoredTensor {
  std::string name;            ///< in the file: "model.layers.0.self_attn.k_proj.weight"
  std::string parameter;       ///< in the module: "blocks.0.attention.qkv.weight"
  std::vector<int64_t> shape;  ///< in the file
  int64_t begin = 0;
  bool transposed = false;  ///< GPT-2 stores its projections as [in,out]

  /// The module it belongs to, "model.layers.0.self_attn.k_proj", and that name's end.
  std::string module() const { return name.substr(0, name.rfind('.')); }
  std::string module_end() const;
  int64_t rows() const { return transposed ? shape[1] : shape[0]; }
};

/// All tensors of a model of `model_type` ("llama", "mistral", "qwen3", "gpt2", "slovo"); a tied head is not
/// among them.
std::vector<StoredTensor> stored_tensors(const ModelConfig& config, const std::string& model_type,
                                         const NamedTensors& parameters);
/// Whether it is the weight of a linear map inside the blocks, which an adapter can be put on.
bool is_linear_map(const StoredTensor& tensor);
/// "model." or "transformer.": what a model saved without its head leaves out of the names; "" for
/// slovo.
std::string base_prefix(const std::string& model_type);
/// Tensors that some versions of transformers saved though they hold nothing learned, or nothing of
/// their own.
bool is_ignored_tensor(const std::string& name, const ModelConfig& config);

}  // namespace slovo
