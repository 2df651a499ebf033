#include "io/weight_names.h"

#include "core/text.h"

namespace slovo {
namespace {

/// Collects the tensors of one model; `layer` leads the names on both sides.
class Names {
 public:
  void enter(std::string theirs, std::string ours) {
    their_prefix_ = std::move(theirs);
    our_prefix_ = std::move(ours);
  }
  void add(const std::string& theirs, const std::string& ours, std::vector<int64_t> shape,
           int64_t begin = 0) {
    out.push_back({their_prefix_ + theirs, our_prefix_ + ours, std::move(shape), begin, false});
  }
  /// A projection [out,in] and, where there is one, its bias; rows from `begin` of the parameter.
  void project(const std::string& theirs, const std::string& ours, std::vector<int64_t> shape,
               bool bias, int64_t begin = 0) {
    const int64_t rows = shape[0];
    add(theirs + ".weight", ours + ".weight", std::move(shape), begin);
    if (bias) add(theirs + ".bias", ours + ".bias", {rows}, begin);
  }
  /// The same, stored as [in,out] with a bias (Conv1D of GPT-2).
  void convolve(const std::string& theirs, const std::string& ours, int64_t in, int64_t rows) {
    out.push_back(
        {their_prefix_ + theirs + ".weight", our_prefix_ + ours + ".weight", {in, rows}, 0, true});
    add(theirs + ".bias", ours + ".bias", {rows});
  }
  void layer_norm(const std::string& theirs, const std::string& ours, int64_t size) {
    add(theirs + ".weight", ours + ".weight", {size});
    add(theirs + ".bias", ours + ".bias", {size});
  }

  std::vector<StoredTensor> out;

 private:
  std::string their_prefix_, our_prefix_;
};

void llama_layer(const ModelConfig& c, Names& names) {
  const int64_t width = c.num_attention_heads * c.head_size();
  const int64_t kv_width = c.key_value_heads() * c.head_size();
  const bool bias = c.attention_bias;
  names.add("input_layernorm.weight", "attention_norm.weight", {c.hidden_size});
  names.project("self_attn.q_proj", "attention.qkv", {width, c.hidden_size}, bias);
  names.project("self_attn.k_proj", "attention.qkv", {kv_width, c.hidden_size}, bias, width);
  names.project("self_attn.v_proj", "attention.qkv", {kv_width, c.hidden_size}, bias,
                width + kv_width);
  if (c.qk_norm) {
    names.add("self_attn.q_norm.weight", "attention.q_norm.weight", {c.head_size()});
    names.add("self_attn.k_norm.weight", "attention.k_norm.weight", {c.head_size()});
  }
  names.project("self_attn.o_proj", "attention.output", {c.hidden_size, width}, bias);
  names.add("post_attention_layernorm.weight", "mlp_norm.weight", {c.hidden_size});
  const int64_t inner = c.mlp_size();
  names.project("mlp.gate_proj", "mlp.up", {inner, c.hidden_size}, c.mlp_bias);
  names.project("mlp.up_proj", "mlp.up", {inner, c.hidden_size}, c.mlp_bias, inner);
  names.project("mlp.down_proj", "mlp.down", {c.hidden_size, inner}, c.mlp_bias);
}

std::vector<StoredTensor> llama_tensors(const ModelConfig& c) {
  Names names;
  names.add("model.embed_tokens.weight", "embedding.weight", {c.vocab_size, c.hidden_size});
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    names.enter(cat("model.layers.", i, "."), cat("blocks.", i, "."));
    llama_layer(c, names);
  }
  names.enter("", "");
  names.add("model.norm.weight", "norm.weight", {c.hidden_size});
  if (!c.tie_word_embeddings)
    names.add("lm_head.weight", "head.weight", {c.vocab_size, c.hidden_size});
  return std::move(names.out);
}

std::vector<StoredTensor> gpt2_tensors(const ModelConfig& c) {
  const int64_t size = c.hidden_size;
  Names names;
  names.add("transformer.wte.weight", "embedding.weight", {c.vocab_size, size});
  names.add("transformer.wpe.weight", "positions.weight", {c.max_position_embeddings, size});
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    names.enter(cat("transformer.h.", i, "."), cat("blocks.", i, "."));
    names.layer_norm("ln_1", "attention_norm", size);
    names.convolve("attn.c_attn", "attention.qkv", size, 3 * size);
    names.convolve("attn.c_proj", "attention.output", size, size);
    names.layer_norm("ln_2", "mlp_norm", size);
    names.convolve("mlp.c_fc", "mlp.up", size, c.mlp_size());
    names.convolve("mlp.c_proj", "mlp.down", c.mlp_size(), size);
  }
  names.enter("", "");
  names.layer_norm("transformer.ln_f", "norm", size);
  if (!c.tie_word_embeddings) names.add("lm_head.weight", "head.weight", {c.vocab_size, size});
  return std::move(names.out);
}

bool ends_with(const std::string& name, std::string_view suffix) {
  return name.size() >= suffix.size() &&
         name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

}  // namespace

std::string StoredTensor::module_end() const {
  const std::string all = module();
  return all.substr(all.rfind('.') + 1);
}

bool is_linear_map(const StoredTensor& tensor) {
  for (const char* end : {".attention.qkv.weight", ".attention.output.weight", ".mlp.up.weight",
                          ".mlp.down.weight"}) {
    if (ends_with(tensor.parameter, end)) return true;
  }
  return false;
}

std::vector<StoredTensor> stored_tensors(const ModelConfig& config, const std::string& model_type,
                                         const NamedTensors& parameters) {
  if (model_type == "gpt2") return gpt2_tensors(config);
  if (model_type != "slovo") return llama_tensors(config);  // mistral and qwen3 have the same names
  std::vector<StoredTensor> out;
  for (const auto& [name, tensor] : parameters)
    out.push_back({name, name, tensor.sizes().vec(), 0, false});
  return out;
}

std::string base_prefix(const std::string& model_type) {
  if (model_type == "slovo") return "";
  return model_type == "gpt2" ? "transformer." : "model.";
}

bool is_ignored_tensor(const std::string& name, const ModelConfig& config) {
  if (name == "lm_head.weight") return config.tie_word_embeddings;
  return ends_with(name, ".rotary_emb.inv_freq") || ends_with(name, ".attn.bias") ||
         ends_with(name, ".attn.masked_bias");
}

}  // namespace slovo
