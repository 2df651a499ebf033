// slovo model merge: a model with an adapter made part of its weights.
#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>

#include <cstdio>

#include "commands.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/rng.h"
#include "decode/adapters.h"
#include "decode/loaded_model.h"
#include "model/lora.h"
#include "model/precision.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;

/// A text of random ids, as long as the model takes but for very long contexts.
at::Tensor probe_ids(const ModelConfig& config, uint64_t seed) {
  constexpr int64_t kLongest = 256;
  const uint64_t stream = random_stream("probe");
  at::Tensor ids = at::empty({1, std::min(kLongest, config.max_position_embeddings)}, at::kLong);
  for (int64_t i = 0; i < ids.size(1); ++i) {
    const double unit = random_unit(seed, stream, static_cast<uint64_t>(i));
    ids[0][i] = static_cast<int64_t>(unit * static_cast<double>(config.vocab_size));
  }
  return ids;
}

/// The model of a folder in fp32.
Transformer open_model(const fs::path& folder, const FolderConfig& config, at::Device device) {
  Transformer model(config.model, at::TensorOptions(device).dtype(at::kFloat));
  model->eval();
  read_weights(folder, config, named_weights(model));
  return model;
}

at::Tensor logits_of(Transformer& model, const at::Tensor& ids) {
  return model->logits(model->forward({ids, {}, {}}));
}

/// Writes the merged model as its base is stored; returns its largest logit's difference from the
/// model with the adapter on it, as the folder is read again.
double merge(const ModelSource& source, const fs::path& out, const RuntimeConfig& run) {
  const c10::InferenceMode inference;
  const at::Device device = resolve_device(run);
  const FolderConfig config = read_folder_config(source.model);
  const auto tokenizer = Tokenizer::load(source.tokenizer());
  const at::Tensor ids = probe_ids(config.model, static_cast<uint64_t>(run.seed)).to(device);
  Transformer model = open_model(source.model, config, device);
  load_adapters(model, source.adapter, config);
  const at::Tensor adapted = logits_of(model, ids);
  merge_adapters(model);

  PendingFolder folder(out);
  WriteModelOptions options;
  options.generation = config.generation;
  write_model(folder.path(), config.json, config.model, named_weights(model), config.dtype,
              options);
  tokenizer->save(folder.path());
  model = open_model(folder.path(), read_folder_config(folder.path()), device);
  const double difference = (logits_of(model, ids) - adapted).abs().max().item<double>();
  folder.commit();
  return difference;
}

}  // namespace

int run_model_merge(const Invocation& call) {
  std::string model, adapter, out;
  bool json = false;
  Command command(call);
  command.sections({"run"})
      .option("--model", model, "DIR",
              "the model that the adapter belongs to; the one that the adapter names when unset")
      .option("--adapter", adapter, "DIR", "an adapter folder, or a run that trained one",
              Need::required)
      .option("--out", out, "DIR", "the model folder to write", Need::required)
      .flag("--json", json, "one JSON object on stdout")
      .example("slovo model merge --model base --adapter runs/tuned --out tuned",
               "a model that needs no adapter");
  if (!command.parse()) return 0;
  const RunConfig& config = command.config();
  if (fs::exists(out)) throw_config("--out ", out, " is there already; give a folder that is not");
  const ModelSource source = model.empty() ? find_model(adapter) : find_model(model, adapter);
  if (source.adapter.empty()) {
    throw_config("--adapter ", adapter,
                 " is a model, not an adapter: it has no adapter_config.json");
  }
  set_up_computing(config.run);
  const double difference = merge(source, out, config.run);
  if (json) {
    std::printf("%s\n", Json{{"model", source.model.string()},
                             {"adapter", source.adapter.string()},
                             {"out", out},
                             {"largest_logit_difference", difference}}
                            .dump()
                            .c_str());
  } else {
    std::printf("merged model in %s; its logits differ by at most %.2e\n", out.c_str(), difference);
  }
  return 0;
}

}  // namespace slovo
