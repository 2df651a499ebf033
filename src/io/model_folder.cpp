#include "io/model_folder.h"

#include <ATen/Functions.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "core/error.h"
#include "io/adapter_folder.h"
#include "io/checkpoint_json.h"
#include "io/weight_names.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

// --- reading ---

/// The folder's tensors, whether they lie in one file or in shards.
class WeightFiles {
 public:
  explicit WeightFiles(const fs::path& folder) : folder_(folder) {
    if (fs::exists(folder / kSingle)) {
      open(kSingle);
    } else if (fs::exists(folder / kIndex)) {
      open_shards();
    } else {
      throw_checkpoint(folder.string(), ": has neither ", kSingle, " nor ", kIndex,
                       "; slovo reads weights as safetensors only");
    }
  }
  bool contains(const std::string& name) const { return holders_.count(name) > 0; }
  const SafetensorsFile& holder(const std::string& name) const { return *holders_.at(name); }
  const std::map<std::string, const SafetensorsFile*>& all() const { return holders_; }

 private:
  void open(const std::string& file) {
    files_.push_back(std::make_unique<SafetensorsFile>(folder_ / file));
    for (const auto& name : files_.back()->names()) {
      if (!holders_.emplace(name, files_.back().get()).second) {
        throw_checkpoint((folder_ / file).string(), ": tensor \"", name,
                         "\" is in another shard too");
      }
    }
  }

  void open_shards() {
    const std::string where = (folder_ / kIndex).string();
    const Json index = read_checkpoint_object(folder_ / kIndex);
    if (!index.contains("weight_map") || !index["weight_map"].is_object()) {
      throw_checkpoint(where, ": has no \"weight_map\"; the index is damaged");
    }
    std::set<std::string> shards;
    for (const auto& [name, shard] : index["weight_map"].items()) {
      const std::string file = shard.is_string() ? shard.get<std::string>() : "";
      if (file.empty() || fs::path(file).filename() != file) {
        throw_checkpoint(where, ": tensor \"", name, "\" lies in ", shard.dump(),
                         "; a file of this folder is expected");
      }
      shards.insert(file);
    }
    for (const auto& shard : shards) {
      if (!fs::exists(folder_ / shard))
        throw_checkpoint(where, ": shard ", shard, " is missing; fetch it again");
      open(shard);
    }
    for (const auto& [name, shard] : index["weight_map"].items()) {
      if (!contains(name))
        throw_checkpoint(where, ": tensor \"", name, "\" is not in ", shard.dump());
    }
  }

  fs::path folder_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, const SafetensorsFile*> holders_;
};

std::string shape_text(at::IntArrayRef shape) {
  std::vector<std::string> sizes;
  for (const int64_t size : shape) sizes.push_back(std::to_string(size));
  return cat("[", join(sizes), "]");
}

/// Names of one kind of problem, the first few spelled out.
std::string listed(const char* kind, const std::vector<std::string>& items) {
  constexpr size_t kShown = 6;
  if (items.empty()) return "";
  const std::vector<std::string> shown(
      items.begin(), items.begin() + static_cast<long>(std::min(kShown, items.size())));
  return cat("; ", items.size(), " ", kind, ": ", join(shown),
             items.size() > kShown ? ", ..." : "");
}

void check_weights(const fs::path& folder, const ModelConfig& config, const WeightFiles& files,
                   const std::vector<StoredTensor>& expected) {
  std::vector<std::string> missing, unexpected, mismatched;
  std::set<std::string> names;
  for (const StoredTensor& tensor : expected) {
    names.insert(tensor.name);
    if (!files.contains(tensor.name)) {
      missing.push_back(tensor.name);
      continue;
    }
    const SafetensorsFile& file = files.holder(tensor.name);
    if (file.shape(tensor.name) != tensor.shape || !at::isFloatingType(file.dtype(tensor.name))) {
      mismatched.push_back(cat(tensor.name, " is ", c10::toString(file.dtype(tensor.name)), " ",
                               shape_text(file.shape(tensor.name)), " and must be floating point ",
                               shape_text(tensor.shape)));
    }
  }
  for (const auto& [name, file] : files.all()) {
    if (names.count(name) == 0 && !is_ignored_tensor(name, config)) unexpected.push_back(name);
  }
  if (missing.empty() && unexpected.empty() && mismatched.empty()) return;
  throw_checkpoint(folder.string(), ": the weights are not those of its config.json",
                   listed("missing", missing), listed("unexpected", unexpected),
                   listed("mismatched", mismatched), "; the files may come from different models");
}

/// A base model saved without its head has no "model." or "transformer." before its names.
void drop_absent_prefix(const std::string& prefix, const WeightFiles& files,
                        std::vector<StoredTensor>& expected) {
  for (const auto& [name, file] : files.all()) {
    if (name.rfind(prefix, 0) == 0) return;
  }
  for (StoredTensor& tensor : expected) {
    if (tensor.name.rfind(prefix, 0) == 0) tensor.name.erase(0, prefix.size());
  }
}

std::map<std::string, at::Tensor> by_name(const NamedTensors& parameters) {
  return {parameters.begin(), parameters.end()};
}

at::Tensor rows_of(const std::map<std::string, at::Tensor>& parameters, const std::string& name,
                   int64_t begin, int64_t count) {
  const auto found = parameters.find(name);
  SLOVO_CHECK(found != parameters.end(), "the model has no parameter ", name);
  return found->second.detach().narrow(0, begin, count);
}

/// The part of its parameter that a stored tensor is, in the file's shape.
at::Tensor slice(const std::map<std::string, at::Tensor>& parameters, const StoredTensor& stored) {
  const at::Tensor rows = rows_of(parameters, stored.parameter, stored.begin, stored.rows());
  return stored.transposed ? rows.t() : rows;
}

// --- writing ---

struct Shard {
  NamedTensors tensors;
  uint64_t bytes = 0;
};

std::vector<Shard> make_shards(const NamedTensors& tensors, uint64_t item_bytes,
                               uint64_t max_bytes) {
  std::vector<Shard> shards(1);
  for (const auto& [name, tensor] : tensors) {
    const uint64_t bytes = static_cast<uint64_t>(tensor.numel()) * item_bytes;
    if (!shards.back().tensors.empty() && shards.back().bytes + bytes > max_bytes)
      shards.emplace_back();
    shards.back().tensors.emplace_back(name, tensor);
    shards.back().bytes += bytes;
  }
  return shards;
}

void write_shard(const fs::path& path, NamedTensors tensors, at::ScalarType dtype) {
  for (auto& [name, tensor] : tensors) tensor = tensor.to(dtype);
  write_safetensors(path, tensors);
}

void write_shards(const fs::path& folder, const std::vector<Shard>& shards, at::ScalarType dtype) {
  Json index = {{"metadata", {{"total_size", 0}}}, {"weight_map", Json::object()}};
  uint64_t total = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, shards.size());
    write_shard(folder / name, shards[i].tensors, dtype);
    for (const auto& [tensor, value] : shards[i].tensors) index["weight_map"][tensor] = name;
    total += shards[i].bytes;
  }
  index["metadata"]["total_size"] = total;
  write_json(folder / kIndex, index);
}

Json make_generation_config(const Json& config_json) {
  Json out = {{"_from_model_config", true}};
  for (const char* key : {"bos_token_id", "eos_token_id"}) {
    if (config_json.contains(key) && !config_json[key].is_null()) out[key] = config_json[key];
  }
  return out;
}

bool is_model_folder(const fs::path& folder) {
  return fs::exists(folder / "config.json") || is_adapter_folder(folder);
}

/// The step of "step-00000500", or -1.
int64_t step_of(const fs::path& folder) {
  const std::string name = folder.filename().string();
  constexpr std::string_view kMark = "step-";
  const std::string digits = name.rfind(kMark, 0) == 0 ? name.substr(kMark.size()) : "";
  if (digits.empty() || digits.size() > 18 ||
      digits.find_first_not_of("0123456789") != std::string::npos)
    return -1;
  return std::stoll(digits);
}

fs::path newest_model(const fs::path& checkpoints) {
  const std::vector<fs::path> all = checkpoint_folders(checkpoints);
  const auto newest = std::find_if(all.rbegin(), all.rend(), is_model_folder);
  return newest == all.rend() ? fs::path() : *newest;
}

}  // namespace

void read_weights(const fs::path& folder, const FolderConfig& config,
                  const NamedTensors& parameters) {
  const auto named = by_name(parameters);
  read_weights(folder, config, parameters,
               [&](const std::string& name, int64_t begin, const at::Tensor& rows) {
                 rows_of(named, name, begin, rows.size(0)).copy_(rows);
               });
}

void read_weights(const fs::path& folder, const FolderConfig& config,
                  const NamedTensors& parameters, const TakeRows& take) {
  const at::NoGradGuard no_grad;
  const WeightFiles files(folder);
  std::vector<StoredTensor> expected =
      stored_tensors(config.model, config.model_type(), parameters);
  drop_absent_prefix(base_prefix(config.model_type()), files, expected);
  check_weights(folder, config.model, files, expected);
  for (const StoredTensor& stored : expected) {
    const SafetensorsFile& file = files.holder(stored.name);
    const at::Tensor value = file.view(stored.name);
    take(stored.parameter, stored.begin, stored.transposed ? value.t() : value);
    file.drop(stored.name);  // else file and model would lie in memory side by side
  }
}

void write_model(const fs::path& folder, const Json& config_json, const ModelConfig& config,
                 const NamedTensors& parameters, at::ScalarType dtype,
                 const WriteModelOptions& options) {
  const at::NoGradGuard no_grad;
  const auto named = by_name(parameters);
  NamedTensors tensors;
  for (const StoredTensor& stored : stored_tensors(config, folder_model_type(config), parameters)) {
    tensors.emplace_back(stored.name, slice(named, stored));
  }
  const auto shards = make_shards(tensors, c10::elementSize(dtype), options.max_shard_bytes);
  if (shards.size() == 1) {
    write_shard(folder / kSingle, shards.front().tensors, dtype);
  } else {
    write_shards(folder, shards, dtype);
    fs::remove(folder / kSingle);  // an older model in one file would be read instead
  }
  write_json(folder / "generation_config.json", options.generation.is_null()
                                                    ? make_generation_config(config_json)
                                                    : options.generation);
  write_json(folder / "config.json", config_json);
}

std::vector<fs::path> checkpoint_folders(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent)) {
    if (step_of(entry.path()) >= 0) out.push_back(entry.path());
  }
  std::ranges::sort(out, {}, step_of);
  return out;
}

fs::path find_model_folder(const fs::path& given) {
  if (!fs::is_directory(given)) {
    throw_checkpoint(given.string(),
                     ": no such folder; give a model folder, a run folder or a checkpoint");
  }
  if (is_model_folder(given)) return given;
  if (is_model_folder(given / "model")) return given / "model";
  for (const fs::path& checkpoints : {given / "checkpoints", given}) {
    const fs::path newest = newest_model(checkpoints);
    if (!newest.empty()) return newest;
  }
  throw_checkpoint(
      given.string(), ": is no model: looked for config.json, model/config.json and ",
      "checkpoints/step-*/config.json; give a model folder, a run folder or a checkpoint");
}

}  // namespace slovo
