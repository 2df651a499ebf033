#include "io/adapter_folder.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>
#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/error.h"
#include "io/checkpoint_json.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kWeights = "adapter_model.safetensors";
/// What leads the names of all tensors.
constexpr std::string_view kPrefix = "base_model.model.";

/// A part of an adapter: the end of its name in the file and among the model's parameters.
struct Part {
  const char *theirs, *ours;
};
constexpr Part kParts[] = {{".lora_A.weight", ".lora_A"},
                           {".lora_B.weight", ".lora_B"},
                           {".lora_magnitude_vector", ".magnitude"}};

// --- adapter_config.json ---

bool is_set(const Json& json, const std::string& key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null() || *found == false) return false;
  return !(found->is_object() || found->is_array()) || !found->empty();
}

/// Options that change what is computed or hold more weights.
void check_options(const std::string& where, const Json& json) {
  const Json type = json.value("peft_type", Json());
  if (type != "LORA") {
    throw_checkpoint(where, ": peft_type is ", type.dump(), "; slovo opens \"LORA\" only");
  }
  if (json.value("bias", Json("none")) != "none") {
    throw_checkpoint(where, ": bias is ", json["bias"].dump(),
                     "; slovo opens adapters with \"none\" only");
  }
  for (const char* key :
       {"modules_to_save", "rank_pattern", "alpha_pattern", "lora_bias", "layer_replication",
        "target_parameters", "trainable_token_indices", "alora_invocation_tokens", "arrow_config",
        "kasa_config", "monteclora_config", "velora_config", "use_bdlora", "use_qalora"}) {
    if (!is_set(json, key)) continue;
    throw_checkpoint(where, ": has ", key, " (", json[key].dump(),
                     "), which slovo does not compute; merge the adapter with PEFT "
                     "(merge_and_unload) and open the merged model");
  }
  // The others leave the base model as it is.
  const Json init = json.value("init_lora_weights", Json(true));
  static const std::set<std::string> plain = {"gaussian", "eva", "orthogonal"};
  if (init.is_string() && plain.count(init.get<std::string>()) == 0) {
    throw_checkpoint(where, ": init_lora_weights is ", init.dump(),
                     ", which changes the base model's weights; save it with PEFT's "
                     "path_initial_model_for_weight_conversion");
  }
}

template <class T>
T typed(const std::string& where, const Json& json, const char* key, T absent) {
  if (!json.contains(key)) return absent;
  try {
    return json[key].get<T>();
  } catch (const Json::exception&) {
    throw_checkpoint(where, ": ", key, " is ", json[key].dump(), "; a ",
                     std::is_same_v<T, bool> ? "true or false" : "number", " is expected");
  }
}

/// The folder's numbers, where LoraConfig allows them.
LoraConfig read_numbers(const std::string& where, const Json& json) {
  LoraConfig out;
  out.rank = typed<int64_t>(where, json, "r", 8);
  out.alpha = typed<double>(where, json, "lora_alpha", 8);
  out.dropout = typed<double>(where, json, "lora_dropout", 0);
  out.rslora = typed<bool>(where, json, "use_rslora", false);
  out.dora = typed<bool>(where, json, "use_dora", false);
  if (out.rank < 1 || !(out.alpha > 0) || !(out.dropout >= 0 && out.dropout < 1)) {
    throw_checkpoint(where, ": r is ", out.rank, ", lora_alpha ", out.alpha, ", lora_dropout ",
                     out.dropout, "; the file is damaged");
  }
  return out;
}

// --- weights ---

/// "model.layers.0.mlp.up_proj.lora_A.weight" without what leads it in the file; older versions of
/// PEFT end a magnitude's name in ".weight".
std::string plain_name(std::string name) {
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  if (name.ends_with(".lora_magnitude_vector.weight")) name.erase(name.rfind('.'));
  return name;
}

/// The module of a tensor, or "" where it is no part of an adapter.
std::string module_of(const std::string& name) {
  for (const Part& part : kParts) {
    if (name.ends_with(part.theirs))
      return name.substr(0, name.size() - std::string(part.theirs).size());
  }
  return "";
}

struct AdapterTensor {
  std::string name;       ///< in the file
  std::string parameter;  ///< in the model
};

/// "blocks.0.attention.qkv.q_proj"
std::string adapter_name(const StoredTensor& map) {
  return map.parameter.substr(0, map.parameter.rfind('.') + 1) + map.module_end();
}

/// The adapters among `parameters`.
std::vector<AdapterTensor> adapter_tensors(const FolderConfig& model,
                                           const std::map<std::string, at::Tensor>& parameters,
                                           const NamedTensors& in_order) {
  std::vector<AdapterTensor> out;
  for (const StoredTensor& map : stored_tensors(model.model, model.model_type(), in_order)) {
    if (!is_linear_map(map)) continue;
    for (const Part& part : kParts) {
      const std::string parameter = adapter_name(map) + part.ours;
      if (parameters.count(parameter) > 0)
        out.push_back({std::string(kPrefix) + map.module() + part.theirs, parameter});
    }
  }
  return out;
}

bool matches(const std::string& pattern, const std::string& name) {
  for (size_t begin = 0; begin != std::string::npos;) {
    if (fnmatch(pattern.c_str(), name.c_str() + begin, 0) == 0) return true;
    const size_t dot = name.find('.', begin);
    begin = dot == std::string::npos ? dot : dot + 1;
  }
  return false;
}

/// The ends of the modules' names, each once, in order.
std::vector<std::string> ends_of(const std::vector<StoredTensor>& maps) {
  std::vector<std::string> out;
  for (const StoredTensor& map : maps) {
    if (std::ranges::find(out, map.module_end()) == out.end()) out.push_back(map.module_end());
  }
  return out;
}

std::vector<StoredTensor> linear_maps(const FolderConfig& model, const NamedTensors& parameters) {
  std::vector<StoredTensor> out = stored_tensors(model.model, model.model_type(), parameters);
  std::erase_if(out, [](const StoredTensor& tensor) { return !is_linear_map(tensor); });
  return out;
}

/// As PEFT takes them: the ends of names where these name the modules, else the whole names.
std::vector<std::string> written_targets(const LoraConfig& lora, const FolderConfig& model,
                                         const NamedTensors& parameters) {
  const std::vector<StoredTensor> maps = adapted_maps(lora, model, parameters);
  LoraConfig by_end = lora;
  by_end.targets = ends_of(maps);
  if (adapted_maps(by_end, model, parameters).size() == maps.size()) return by_end.targets;
  std::vector<std::string> out;
  for (const StoredTensor& map : maps) out.push_back(map.module());
  return out;
}

Json make_adapter_config(const LoraConfig& lora, const std::string& model_type,
                         const std::string& base, const std::vector<std::string>& targets) {
  const bool whole = lora.alpha == std::floor(lora.alpha);
  return {{"alpha_pattern", Json::object()},
          {"auto_mapping", nullptr},
          {"base_model_name_or_path", base},
          {"bias", "none"},
          {"fan_in_fan_out", model_type == "gpt2"},  // its Conv1D stores [in,out]
          {"inference_mode", true},
          {"init_lora_weights", true},
          {"layers_pattern", nullptr},
          {"layers_to_transform", nullptr},
          {"lora_alpha", whole ? Json(static_cast<int64_t>(lora.alpha)) : Json(lora.alpha)},
          {"lora_dropout", lora.dropout},
          {"modules_to_save", nullptr},
          {"peft_type", "LORA"},
          {"r", lora.rank},
          {"rank_pattern", Json::object()},
          {"revision", nullptr},
          {"target_modules", targets},
          {"task_type", "CAUSAL_LM"},
          {"use_dora", lora.dora},
          {"use_rslora", lora.rslora}};
}

}  // namespace

bool is_adapter_folder(const fs::path& folder) {
  return fs::exists(folder / kConfig) && !fs::exists(folder / "config.json");
}

AdapterConfig read_adapter_config(const fs::path& folder) {
  const std::string where = (folder / kConfig).string();
  const Json json = read_checkpoint_object(folder / kConfig);
  check_options(where, json);
  AdapterConfig out;
  out.lora = read_numbers(where, json);
  const Json base = json.value("base_model_name_or_path", Json());
  if (base.is_string()) out.base = base.get<std::string>();
  if (!fs::exists(folder / kWeights)) {
    throw_checkpoint(folder.string(), ": has no ", kWeights,
                     "; slovo reads weights as safetensors only");
  }
  const SafetensorsFile file(folder / kWeights);
  std::set<std::string> modules;
  for (const std::string& name : file.names()) {
    const std::string module = module_of(plain_name(name));
    if (module.empty()) {
      throw_checkpoint(file.path().string(), ": tensor \"", name,
                       "\" is no part of an adapter on a linear map, which slovo computes only");
    }
    modules.insert(module);
  }
  out.lora.targets = {modules.begin(), modules.end()};
  return out;
}

std::vector<StoredTensor> adapted_maps(const LoraConfig& lora, const FolderConfig& model,
                                       const NamedTensors& parameters, const std::string& where) {
  const std::vector<StoredTensor> all = linear_maps(model, parameters);
  if (lora.targets.empty()) return all;
  for (const std::string& target : lora.targets) {
    const auto found = std::ranges::find_if(
        all, [&](const StoredTensor& map) { return matches(target, map.module()); });
    if (found == all.end()) {
      throw_config(where, ": \"", target, "\" is none of the model's linear maps; they are ",
                   join(ends_of(all)), ", in full ", all.front().module(), " and so on");
    }
  }
  std::vector<StoredTensor> out;
  for (const StoredTensor& map : all) {
    const bool named = std::ranges::any_of(
        lora.targets, [&](const std::string& target) { return matches(target, map.module()); });
    if (named) out.push_back(map);
  }
  return out;
}

void read_adapter(const fs::path& folder, const FolderConfig& model,
                  const NamedTensors& parameters) {
  const at::NoGradGuard no_grad;
  const SafetensorsFile file(folder / kWeights);
  std::map<std::string, std::string> stored;  // by plain name
  for (const std::string& name : file.names()) stored.emplace(plain_name(name), name);
  const std::map<std::string, at::Tensor> named(parameters.begin(), parameters.end());
  std::vector<std::string> problems;
  for (const AdapterTensor& tensor : adapter_tensors(model, named, parameters)) {
    const auto found = stored.find(plain_name(tensor.name));
    const at::Tensor to = named.at(tensor.parameter).detach();
    if (found == stored.end()) {
      problems.push_back(tensor.name + " is missing");
    } else if (file.shape(found->second) != to.sizes()) {
      problems.push_back(found->second + " has another shape");
    } else {
      to.copy_(file.view(found->second));
    }
    if (found != stored.end()) stored.erase(found);
  }
  for (const auto& [name, in_file] : stored) problems.push_back(in_file + " is not expected");
  if (problems.empty()) return;
  const size_t shown = std::min<size_t>(problems.size(), 4);
  throw_checkpoint(file.path().string(), ": the weights are not those of ", kConfig, ": ",
                   join({problems.begin(), problems.begin() + static_cast<long>(shown)}, "; "),
                   problems.size() > shown ? "; ..." : "");
}

void write_adapter(const fs::path& folder, const LoraConfig& lora, const FolderConfig& model,
                   const std::string& base, const NamedTensors& parameters) {
  const at::NoGradGuard no_grad;
  const std::map<std::string, at::Tensor> named(parameters.begin(), parameters.end());
  NamedTensors tensors;
  for (const AdapterTensor& tensor : adapter_tensors(model, named, parameters)) {
    tensors.emplace_back(tensor.name, named.at(tensor.parameter).detach().to(at::kFloat));
  }
  write_safetensors(folder / kWeights, tensors);
  write_json(folder / kConfig, make_adapter_config(lora, model.model_type(), base,
                                                   written_targets(lora, model, parameters)));
}

}  // namespace slovo
