// A model as a folder in Hugging Face layout: config.json and weights, read and written so that
// transformers opens what slovo made and slovo opens what transformers made. The tokenizer's files
// are the tokenizer's business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/json.h"
#include "io/safetensors.h"

namespace slovo {

/// config.json and generation_config.json, understood: the model's shape, and the whole JSON so
/// that keys slovo does not know survive.
struct FolderConfig {
  ModelConfig model;
  Json json;
  Json generation;                    ///< generation_config.json, or null
  at::ScalarType dtype = at::kFloat;  ///< what the weights are stored in
  std::optional<int64_t> bos_id;
  std::vector<int64_t> eos_ids;  ///< what ends a text; generation_config.json comes first

  std::string model_type() const { return json["model_type"].get<std::string>(); }
};

/// Reads config.json. Throws Error(checkpoint) naming file and key when it is damaged, or of a kind
/// or with an option that slovo does not compute (named; never approximated).
FolderConfig read_folder_config(const std::filesystem::path& folder);

/// "llama", "mistral", "qwen3" or "gpt2" when that class of transformers computes exactly this
/// model, else "slovo".
std::string folder_model_type(const ModelConfig& config);
/// The config.json of a model made by slovo; with `previous`, that JSON with slovo's keys updated.
Json make_folder_config(const ModelConfig& config, at::ScalarType dtype,
                        std::optional<int64_t> bos_id, std::optional<int64_t> eos_id,
                        const Json& previous = {});

/// Throws Error(checkpoint) when a tokenizer of `tokenizer_size` ids has some that the embedding
/// has no row for. Fewer ids than rows are usual (padded vocabularies).
void check_vocab_size(const std::filesystem::path& folder, const ModelConfig& config,
                      int64_t tokenizer_size);

/// Fills `parameters` (the module's own names, every tensor's shape known) from the folder's
/// safetensors (one file or shards), converting to their dtype. Missing, unexpected and mismatched
/// names are reported together in one Error(checkpoint). Buffers that transformers saves beside the
/// weights (rotary tables, attention masks) are ignored.
void read_weights(const std::filesystem::path& folder, const FolderConfig& config,
                  const NamedTensors& parameters);
/// The same, tensor by tensor: rows from `begin` on of the parameter `name`, in the file's dtype,
/// valid during the call only. Of `parameters`, names and shapes are read.
using TakeRows =
    std::function<void(const std::string& name, int64_t begin, const at::Tensor& rows)>;
void read_weights(const std::filesystem::path& folder, const FolderConfig& config,
                  const NamedTensors& parameters, const TakeRows& take);

struct WriteModelOptions {
  Json generation;  ///< generation_config.json; null makes one of the special ids
  uint64_t max_shard_bytes = 5'000'000'000;  ///< larger models are split, with an index
};
/// Writes config.json, generation_config.json and model.safetensors (or shards with an index) into
/// an existing folder. Weights are stored in `dtype`.
void write_model(const std::filesystem::path& folder, const Json& config_json,
                 const ModelConfig& config, const NamedTensors& parameters, at::ScalarType dtype,
                 const WriteModelOptions& options = {});

/// The folders "step-N" in `folder` by rising N; empty when there is no such folder.
std::vector<std::filesystem::path> checkpoint_folders(const std::filesystem::path& folder);

/// The model folder, or adapter folder, behind what the user gave: such a folder, a run folder (its
/// final or newest checkpoint), or a checkpoint. Throws Error(checkpoint) that says what was looked
/// for.
std::filesystem::path find_model_folder(const std::filesystem::path& given);

}  // namespace slovo
