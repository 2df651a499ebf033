// A whole training run small enough for a test: a tiny decoder on made-up tokens, in a folder of
// its own.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "core/files.h"
#include "core/rng.h"
#include "decode/adapters.h"
#include "io/model_folder.h"
#include "testing.h"
#include "train/causal.h"
#include "train/loop.h"

namespace slovo {

inline ModelConfig tiny_model() {
  ModelConfig out;
  out.vocab_size = 17;
  out.hidden_size = 32;
  out.num_hidden_layers = 2;
  out.num_attention_heads = 4;
  out.num_key_value_heads = 2;
  out.max_position_embeddings = 16;
  return out;
}

inline TrainConfig tiny_train() {
  TrainConfig out;
  out.steps = 12;
  out.batch_size = 8;
  out.lr = 1e-2;
  out.warmup_steps = 2;
  out.log_every = 1;
  out.eval_every = 0;
  out.checkpoint_every = 0;
  return out;
}

/// Rows of a pattern that can be learned: counting on by a stride of the row. A third of the places
/// are not supervised.
inline Batch counting_batch(int64_t rows, int64_t length, uint64_t seed, uint64_t index) {
  Batch out;
  at::Tensor tokens = at::empty({rows, length + 1}, at::kLong);
  out.weights_BT = at::empty({rows, length}, at::kFloat);
  auto place = tokens.accessor<int64_t, 2>();
  auto weight = out.weights_BT.accessor<float, 2>();
  for (int64_t b = 0; b < rows; ++b) {
    const uint64_t bits = random_bits(seed, index, static_cast<uint64_t>(b));
    const auto start = static_cast<int64_t>(bits % 17);
    const auto stride = static_cast<int64_t>(1 + (bits >> 32) % 3);
    for (int64_t t = 0; t <= length; ++t) place[b][t] = (start + t * stride) % 17;
    for (int64_t t = 0; t < length; ++t) weight[b][t] = (t + b) % 3 == 0 ? 0.0F : 1.0F;
  }
  out.ids_BT = tokens.narrow(1, 0, length).contiguous();
  out.targets_BT = tokens.narrow(1, 1, length).contiguous();
  out.positions_BT = at::arange(length).expand({rows, length}).contiguous();
  out.segments = Segments::rows(rows, length);
  return out;
}

struct TinyRun {
  TrainConfig train = tiny_train();
  ModelConfig shape = tiny_model();
  at::ScalarType dtype = at::kFloat;
  LoraConfig lora;  ///< with a rank: adapters are trained
  at::Device device = at::kCPU;
  EmbeddingNoise noise;
  std::function<Batch(int64_t)> batches = [](int64_t step) {
    return counting_batch(8, 16, 5, static_cast<uint64_t>(step));
  };
  std::filesystem::path out;
  Existing existing = Existing::refuse;
  std::function<void()> valid_hook;  ///< called before each batch of a validation
  int64_t stop_after = -1;           ///< throws before this step, as a kill would

  TrainOutcome run() const {
    Transformer model(shape, at::TensorOptions(at::kFloat).device(device));
    init_weights(model, 3);
    model->recompute_blocks(train.activation_checkpointing);
    model->set_embedding_noise(noise);
    FolderConfig base{shape, make_folder_config(shape, at::kFloat, {}, {}), {}, at::kFloat, {}, {}};
    if (lora.rank > 0) add_adapters(model, lora, base, 3);
    FlatParameters parameters(*model, dtype);
    CausalData data;
    data.train = [this](int64_t step) {
      if (step == stop_after) throw std::runtime_error("killed");
      return batches(step);
    };
    data.sources = [](int64_t step) {
      std::vector<std::string> rows;
      for (int64_t b = 0; b < 8; ++b) rows.push_back(cat("row ", step, ".", b));
      return rows;
    };
    data.valid_batches = 2;
    data.valid = [this](int64_t index) {
      if (valid_hook) valid_hook();
      return counting_batch(4, 16, 99, static_cast<uint64_t>(index));
    };
    CausalObjective objective(model, std::move(data), train);
    RunFolder folder(out, existing);
    folder.write_record({{"config", Json::object()}});
    TrainHooks hooks;
    hooks.save_model = [&](const std::filesystem::path& to) {
      if (lora.rank > 0) return write_adapter(to, lora, base, "base", parameters.masters());
      write_model(to, base.json, shape, parameters.masters(), at::kFloat);
    };
    hooks.load_model = [&](const std::filesystem::path& from) {
      if (lora.rank > 0) return read_adapter(from, base, parameters.masters());
      read_weights(from, read_folder_config(from), parameters.masters());
    };
    return TrainLoop(train, objective, parameters, folder, hooks, Json::object()).run();
  }

  /// Kills the run before step `step` and resumes it to the end.
  void run_killed_at(int64_t step) {
    stop_after = step;
    EXPECT_THROW(run(), std::runtime_error);
    stop_after = -1;
    existing = Existing::resume;
    run();
  }

  std::string final_weights() const {
    return read_file(out / "model" /
                     (lora.rank > 0 ? "adapter_model.safetensors" : "model.safetensors"));
  }
  /// The lines of metrics.jsonl.
  std::vector<Json> metrics() const {
    std::vector<Json> lines;
    std::ifstream file(out / "metrics.jsonl");
    for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  std::vector<double> losses() const { return logged("loss"); }
  std::vector<double> valid_losses() const { return logged("val_loss"); }

 private:
  std::vector<double> logged(const char* key) const {
    std::vector<double> found;
    for (const Json& line : metrics()) {
      if (line.contains(key)) found.push_back(line[key].get<double>());
    }
    return found;
  }
};

/// Runs in folders of their own, with the weights in the dtype of the parameter.
class TinyRunTest : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  TinyRun run(const std::string& name) const {
    TinyRun out;
    out.dtype = GetParam();
    out.out = folder_ / name;
    return out;
  }
  testing::TempFolder folder_;
};
inline auto both_dtypes() { return ::testing::Values(at::kFloat, at::kBFloat16); }
inline std::string dtype_name(const ::testing::TestParamInfo<at::ScalarType>& test) {
  return test.param == at::kFloat ? "fp32" : "bf16";
}

}  // namespace slovo
