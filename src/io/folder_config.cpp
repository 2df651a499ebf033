// config.json of the families llama, mistral, qwen3, gpt2 and slovo, to and from ModelConfig.
#include <map>
#include <set>

#include "config/validate.h"
#include "core/error.h"
#include "io/adapter_folder.h"
#include "io/checkpoint_json.h"
#include "io/model_folder.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;

/// A key of config.json, the ModelConfig field it holds, and what transformers takes when it is
/// absent (null: nothing, so slovo's own default, which is the same).
struct Key {
  std::string theirs, ours;
  Json absent;
};

struct Family {
  std::string type, architecture;
  std::vector<Key> keys;
  Json fresh;  ///< further keys of a config that slovo makes
  std::vector<std::pair<std::string, Json>>
      required;                            ///< options of which slovo computes one value only
  void (*fix)(const Json&, ModelConfig&);  ///< what the class implies beyond its keys
};

const Json& value_or_null(const Json& json, const std::string& key) {
  static const Json null;
  const auto found = json.find(key);
  return found == json.end() ? null : *found;
}

// --- the families ---

void fix_llama(const Json&, ModelConfig& config) {
  config.norm = Norm::rms;
  config.position = Position::rope;
  config.mlp = Activation::swiglu;
}

/// A window of null is none; a window that is not named is of the class's own size.
bool has_window(const Json& json) {
  const auto window = json.find("sliding_window");
  return window == json.end() || !window->is_null();
}

void fix_mistral(const Json& json, ModelConfig& config) {
  fix_llama(json, config);
  if (!has_window(json)) config.sliding_window = 0;
}

bool asks_for_window(const Json& json) {
  return value_or_null(json, "use_sliding_window") == true && has_window(json);
}

/// How the layers of a qwen3 attend: as layer_types lists, else in a window from layer
/// max_window_layers on, where use_sliding_window asks for one.
std::set<std::string> qwen3_layers(const Json& json) {
  std::set<std::string> kinds;
  for (const Json& layer : value_or_null(json, "layer_types"))
    kinds.insert(layer.is_string() ? layer.get<std::string>() : layer.dump());
  if (!kinds.empty()) return kinds;
  const auto number = [&](const char* key, int64_t absent) {
    const Json& value = value_or_null(json, key);
    return value.is_number_integer() ? value.get<int64_t>() : absent;
  };
  const int64_t layers = number("num_hidden_layers", 32);
  const int64_t full = asks_for_window(json) ? number("max_window_layers", 28) : layers;
  if (full > 0) kinds.insert("full_attention");
  if (full < layers) kinds.insert("sliding_attention");
  return kinds;
}

void fix_qwen3(const Json& json, ModelConfig& config) {
  fix_llama(json, config);
  config.qk_norm = true;
  if (qwen3_layers(json).count("sliding_attention") == 0) config.sliding_window = 0;
}

const std::pair<const char*, Activation> kGpt2Activations[] = {
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"gelu", Activation::gelu},
    {"relu2", Activation::relu2}};

void fix_gpt2(const Json& json, ModelConfig& config) {
  config.norm = Norm::layer;
  config.position = Position::learned;
  config.attention_bias = config.mlp_bias = true;
  const std::string name = json.value("activation_function", "gelu_new");
  for (const auto& [known, activation] : kGpt2Activations) {
    if (name == known) config.mlp = activation;
  }
}

void fix_slovo(const Json&, ModelConfig&) {}

Family llama_family() {
  return {"llama",
          "LlamaForCausalLM",
          {{"vocab_size", "vocab_size", 32000},
           {"hidden_size", "hidden_size", 4096},
           {"intermediate_size", "intermediate_size", 11008},
           {"num_hidden_layers", "num_hidden_layers", 32},
           {"num_attention_heads", "num_attention_heads", 32},
           {"num_key_value_heads", "num_key_value_heads", nullptr},
           {"head_dim", "head_dim", nullptr},
           {"max_position_embeddings", "max_position_embeddings", 2048},
           {"rms_norm_eps", "norm_eps", 1e-6},
           {"attention_bias", "attention_bias", false},
           {"mlp_bias", "mlp_bias", false},
           {"tie_word_embeddings", "tie_word_embeddings", false},
           {"initializer_range", "initializer_range", 0.02}},
          {{"hidden_act", "silu"}, {"attention_dropout", 0.0}, {"use_cache", true}},
          {{"hidden_act", "silu"}},
          fix_llama};
}

/// Sets what transformers takes for absent keys; the keys must be the family's.
void set_absent(Family& family, const std::map<std::string, Json>& absent) {
  for (Key& key : family.keys) {
    if (const auto found = absent.find(key.theirs); found != absent.end())
      key.absent = found->second;
  }
}

void drop_key(Family& family, const std::string& theirs) {
  std::erase_if(family.keys, [&](const Key& key) { return key.theirs == theirs; });
}

Family mistral_family() {
  Family family = llama_family();
  family.type = "mistral";
  family.architecture = "MistralForCausalLM";
  drop_key(family, "attention_bias");
  drop_key(family, "mlp_bias");
  family.keys.push_back({"sliding_window", "sliding_window", 4096});
  set_absent(family, {{"intermediate_size", 14336},
                      {"num_key_value_heads", 8},
                      {"max_position_embeddings", 131072}});
  family.fix = fix_mistral;
  return family;
}

Family qwen3_family() {
  Family family = llama_family();
  family.type = "qwen3";
  family.architecture = "Qwen3ForCausalLM";
  drop_key(family, "mlp_bias");
  family.keys.push_back({"sliding_window", "sliding_window", 4096});
  set_absent(family, {{"vocab_size", 151936},
                      {"intermediate_size", 22016},
                      {"num_key_value_heads", 32},
                      {"head_dim", 128},
                      {"max_position_embeddings", 32768}});
  family.fix = fix_qwen3;
  return family;
}

Family gpt2_family() {
  return {"gpt2",
          "GPT2LMHeadModel",
          {{"vocab_size", "vocab_size", 50257},
           {"n_embd", "hidden_size", 768},
           {"n_layer", "num_hidden_layers", 12},
           {"n_head", "num_attention_heads", 12},
           {"n_inner", "intermediate_size", nullptr},
           {"n_positions", "max_position_embeddings", 1024},
           {"layer_norm_epsilon", "norm_eps", 1e-5},
           {"tie_word_embeddings", "tie_word_embeddings", true},
           {"initializer_range", "initializer_range", 0.02}},
          {{"attn_pdrop", 0.0}, {"embd_pdrop", 0.0}, {"resid_pdrop", 0.0}, {"use_cache", true}},
          {{"scale_attn_weights", true},
           {"scale_attn_by_inverse_layer_idx", false},
           {"add_cross_attention", false}},
          fix_gpt2};
}

std::vector<FieldRef> model_fields(ModelConfig& config) {
  std::vector<FieldRef> fields;
  FieldCollector collector("model", fields);
  config.visit(collector);
  return fields;
}

Family slovo_family() {
  Family family{"slovo", "SlovoForCausalLM", {}, Json::object(), {}, fix_slovo};
  ModelConfig config;
  for (const FieldRef& field : model_fields(config))
    family.keys.push_back({field.name, field.name, nullptr});
  return family;
}

const std::vector<Family>& families() {
  static const std::vector<Family> all = {llama_family(), mistral_family(), qwen3_family(),
                                          gpt2_family(), slovo_family()};
  return all;
}

const Family* find_family(const std::string& type) {
  for (const Family& family : families()) {
    if (family.type == type) return &family;
  }
  return nullptr;
}

/// Whether it has Llama's keys, rope_theta and its holders among them.
bool rotates(const Family& family) { return family.type != "gpt2" && family.type != "slovo"; }

// --- reading ---

const Family& family_of(const std::string& where, const Json& json) {
  const Json& type = value_or_null(json, "model_type");
  if (!type.is_string()) {
    throw_checkpoint(
        where, ": has no \"model_type\"; a model folder of transformers or slovo is expected");
  }
  const Family* family = find_family(type.get<std::string>());
  if (family == nullptr) {
    throw_checkpoint(where, ": model_type ", type.dump(),
                     " is not a model that slovo computes; it opens llama, mistral, qwen3, ",
                     "gpt2 and slovo");
  }
  return *family;
}

/// The values of `key` in rope_parameters (transformers 5), rope_scaling (4) or beside them.
std::vector<Json> rope_values(const Json& json, const std::string& key) {
  std::vector<Json> out;
  for (const char* holder : {"rope_parameters", "rope_scaling"}) {
    const Json& object = value_or_null(json, holder);
    if (object.is_object() && !value_or_null(object, key).is_null()) out.push_back(object[key]);
  }
  if (!value_or_null(json, key).is_null()) out.push_back(json[key]);
  return out;
}

void check_rope(const std::string& where, const Json& json) {
  for (const char* key : {"rope_type", "type"}) {
    for (const Json& type : rope_values(json, key)) {
      if (type != "default") {
        throw_checkpoint(where, ": rotary positions of type ", type.dump(),
                         " are not computed by slovo; only \"default\"");
      }
    }
  }
  for (const Json& share : rope_values(json, "partial_rotary_factor")) {
    if (share != 1.0)
      throw_checkpoint(where, ": partial_rotary_factor is ", share.dump(),
                       "; slovo computes 1 only");
  }
}

/// Layers may attend to all of the text or to a window, but all alike.
void check_layers(const std::string& where, const Family& family, const Json& json) {
  std::vector<std::string> known = {"full_attention"};
  if (family.type == "mistral" && has_window(json)) known = {"sliding_attention"};
  if (family.type == "qwen3" && asks_for_window(json)) known.emplace_back("sliding_attention");
  for (const Json& layer : value_or_null(json, "layer_types")) {
    if (std::find(known.begin(), known.end(), layer) != known.end()) continue;
    throw_checkpoint(where, ": layer_types holds ", layer.dump(), "; slovo computes ",
                     join(known, " or "), " with these settings of its window");
  }
  if (family.type == "qwen3" && qwen3_layers(json).size() > 1) {
    throw_checkpoint(where,
                     ": some layers attend to all of the text and others to a window "
                     "(layer_types, or use_sliding_window and max_window_layers); slovo computes "
                     "models whose layers all do the same");
  }
}

void check_options(const std::string& where, const Family& family, const Json& json) {
  if (const Json& quantized = value_or_null(json, "quantization_config"); !quantized.is_null()) {
    throw_checkpoint(
        where, ": the weights are quantised (quantization_config, method ",
        quantized.is_object() ? value_or_null(quantized, "quant_method").dump() : "unknown",
        "); slovo reads plain weights, use the model's unquantised form");
  }
  for (const auto& [key, only] : family.required) {
    const Json& value = value_or_null(json, key);
    if (!value.is_null() && value != only) {
      throw_checkpoint(where, ": ", key, " is ", value.dump(), "; slovo computes ", family.type,
                       " with ", only.dump(), " only");
    }
  }
  if (rotates(family)) check_rope(where, json);
  check_layers(where, family, json);
  if (family.type == "gpt2" && json.contains("activation_function")) {
    std::vector<std::string> known;
    for (const auto& [name, activation] : kGpt2Activations) known.emplace_back(name);
    const Json& name = json["activation_function"];
    if (!name.is_string() ||
        std::find(known.begin(), known.end(), name.get<std::string>()) == known.end()) {
      throw_checkpoint(where, ": activation_function ", name.dump(),
                       " is not computed by slovo; it computes ", join(known));
    }
  }
}

void assign_fields(const std::string& where, const Family& family, const Json& json,
                   ModelConfig& config) {
  std::vector<std::string> problems;
  std::vector<FieldRef> fields = model_fields(config);
  const auto assign = [&](const std::string& theirs, const std::string& ours, const Json& value) {
    if (value.is_null()) return;
    for (const FieldRef& field : fields) {
      if (field.name != ours) continue;
      const std::string problem = field.assign(value);
      if (!problem.empty()) problems.push_back(cat(theirs, " ", problem));
    }
  };
  for (const Key& key : family.keys) {
    const Json& value = value_or_null(json, key.theirs);
    assign(key.theirs, key.ours, value.is_null() ? key.absent : value);
  }
  if (rotates(family)) {
    const std::vector<Json> theta = rope_values(json, "rope_theta");
    if (!theta.empty()) assign("rope_theta", "rope_theta", theta.front());
  }
  if (!problems.empty()) throw_checkpoint(where, ": ", join(problems, "; "));
}

const std::pair<const char*, at::ScalarType> kDtypes[] = {{"float32", at::kFloat},
                                                          {"bfloat16", at::kBFloat16},
                                                          {"float16", at::kHalf},
                                                          {"float64", at::kDouble}};

at::ScalarType stored_dtype(const std::string& where, const Json& json) {
  const Json& newer = value_or_null(json, "dtype");
  const Json& name = newer.is_null() ? value_or_null(json, "torch_dtype") : newer;
  if (name.is_null()) return at::kFloat;
  for (const auto& [known, type] : kDtypes) {
    if (name == known) return type;
  }
  throw_checkpoint(where, ": dtype ", name.dump(),
                   " is not known; use float32, bfloat16 or float16");
}

std::vector<int64_t> token_ids(const std::string& where, const std::string& key, const Json& json) {
  std::vector<int64_t> out;
  for (const Json& id : json.is_array() ? json : Json::array({json})) {
    if (id.is_null()) continue;
    if (!id.is_number_integer())
      throw_checkpoint(where, ": ", key, " is ", json.dump(), "; must be a token id");
    out.push_back(id.get<int64_t>());
  }
  return out;
}

/// An id as generation_config.json has it, else as config.json has it.
std::vector<int64_t> special_ids(const fs::path& folder, const FolderConfig& config,
                                 const std::string& key) {
  if (config.generation.is_object() && !value_or_null(config.generation, key).is_null()) {
    return token_ids((folder / "generation_config.json").string(), key, config.generation[key]);
  }
  return token_ids((folder / "config.json").string(), key, value_or_null(config.json, key));
}

// --- writing ---

/// Every optional field set to what it stands for.
ModelConfig resolved(ModelConfig config) {
  config.num_key_value_heads = config.key_value_heads();
  config.head_dim = config.head_size();
  config.intermediate_size = config.mlp_size();
  return config;
}

void write_rope(const ModelConfig& config, Json& json) {
  if (!value_or_null(json, "rope_parameters").is_object()) {
    json["rope_parameters"] = {{"rope_type", "default"}};
  }
  json["rope_parameters"]["rope_theta"] = config.rope_theta;
  json["rope_theta"] = config.rope_theta;  // where transformers 4 looks for it
}

/// A qwen3 has its window in all layers or in none.
void write_layers(const ModelConfig& config, Json& json) {
  const bool window = config.sliding_window > 0;
  json["use_sliding_window"] = window;
  if (window) json["max_window_layers"] = 0;
  if (!window) json["sliding_window"] = nullptr;
  if (!value_or_null(json, "layer_types").is_null()) {
    json["layer_types"] = std::vector<std::string>(static_cast<size_t>(config.num_hidden_layers),
                                                   window ? "sliding_attention" : "full_attention");
  }
}

void write_special_id(const char* key, std::optional<int64_t> id, Json& json) {
  if (id) {
    json[key] = *id;
  } else if (!json.contains(key)) {
    json[key] = nullptr;
  }
}

}  // namespace

FolderConfig read_folder_config(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  if (is_adapter_folder(folder)) {
    throw_checkpoint(folder.string(),
                     ": holds an adapter, but a model is needed here; merge the two: ",
                     "slovo model merge --adapter ", folder.string());
  }
  FolderConfig out;
  out.json = read_checkpoint_object(path);
  const fs::path generation = folder / "generation_config.json";
  if (fs::exists(generation)) out.generation = read_checkpoint_object(generation);
  const Family& family = family_of(path.string(), out.json);
  check_options(path.string(), family, out.json);
  assign_fields(path.string(), family, out.json, out.model);
  family.fix(out.json, out.model);
  for (const Conflict& conflict : find_conflicts(out.model))
    throw_checkpoint(path.string(), ": ", conflict.text);
  out.dtype = stored_dtype(path.string(), out.json);
  const std::vector<int64_t> bos = special_ids(folder, out, "bos_token_id");
  if (!bos.empty()) out.bos_id = bos.front();
  out.eos_ids = special_ids(folder, out, "eos_token_id");
  return out;
}

std::string folder_model_type(const ModelConfig& c) {
  if (c.final_logit_softcapping > 0 || c.value_embeddings || c.residual_scalars) return "slovo";
  const bool even_heads = c.hidden_size % c.num_attention_heads == 0;
  if (c.norm == Norm::rms && c.position == Position::rope && c.mlp == Activation::swiglu) {
    if (c.qk_norm) return c.mlp_bias ? "slovo" : "qwen3";
    if (!even_heads) return "slovo";
    if (c.sliding_window == 0) return "llama";
    return c.attention_bias || c.mlp_bias ? "slovo" : "mistral";
  }
  const bool plain_heads = even_heads && c.key_value_heads() == c.num_attention_heads &&
                           c.head_size() * c.num_attention_heads == c.hidden_size;
  if (c.norm == Norm::layer && c.position == Position::learned && !c.gated() && c.attention_bias &&
      c.mlp_bias && !c.qk_norm && c.sliding_window == 0 && plain_heads) {
    return "gpt2";
  }
  return "slovo";
}

Json make_folder_config(const ModelConfig& config, at::ScalarType dtype,
                        std::optional<int64_t> bos_id, std::optional<int64_t> eos_id,
                        const Json& previous) {
  const Family& family = *find_family(folder_model_type(config));
  Json json = previous.is_object() ? previous : Json::object();
  const bool same_type = value_or_null(json, "model_type") == family.type;
  json["architectures"] = Json::array({family.architecture});
  json["model_type"] = family.type;
  ModelConfig full = resolved(config);
  for (const FieldRef& field : model_fields(full)) {
    for (const Key& key : family.keys) {
      if (key.ours == field.name) json[key.theirs] = field.value();
    }
  }
  if (!same_type) json.update(family.fresh);
  if (rotates(family)) write_rope(full, json);
  if (family.type == "qwen3") write_layers(full, json);
  if (family.type == "gpt2") {
    for (const auto& [name, activation] : kGpt2Activations) {
      if (activation != config.mlp) continue;
      json["activation_function"] = name;
      break;
    }
  }
  write_special_id("bos_token_id", bos_id, json);
  write_special_id("eos_token_id", eos_id, json);
  for (const auto& [name, type] : kDtypes) {
    if (type == dtype) json["dtype"] = json["torch_dtype"] = name;  // transformers 5 and 4
  }
  return json;
}

void check_vocab_size(const fs::path& folder, const ModelConfig& config, int64_t tokenizer_size) {
  if (tokenizer_size <= config.vocab_size) return;
  throw_checkpoint(folder.string(), ": the tokenizer has ", tokenizer_size,
                   " tokens but the model's vocab_size is ", config.vocab_size,
                   "; use the tokenizer that the model was trained with");
}

}  // namespace slovo
