#include <ATen/ATen.h>

#include "io/model_folder.h"
#include "io/weight_names.h"
#include "model_support.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using testing::make_model;
using testing::TempFolder;

/// A config.json of a Llama as transformers 5 writes it.
Json llama_json() {
  return parse_json(
      R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":1,"dtype":"bfloat16",
    "eos_token_id":[2,3],"head_dim":8,"hidden_act":"silu","hidden_size":24,"initializer_range":0.02,
    "intermediate_size":20,"max_position_embeddings":64,"mlp_bias":false,"model_type":"llama","num_attention_heads":4,
    "num_hidden_layers":2,"num_key_value_heads":2,"rms_norm_eps":1e-06,"rope_parameters":{"rope_theta":5000.0,
    "rope_type":"default"},"tie_word_embeddings":true,"vocab_size":37,"x_custom":{"a":[1,2]}})",
      "test");
}

/// What read_folder_config says of a config.json with these changes to llama_json.
FolderConfig read_config(const Json& changes) {
  const TempFolder folder;
  Json json = llama_json();
  json.update(changes);
  write_json(folder / "config.json", json);
  return read_folder_config(folder.path());
}
std::string refusal(const Json& changes) {
  const std::string text = error_of([&] { read_config(changes); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "config.json: ")) << text;
  return text;
}

void save(const std::filesystem::path& folder, const Transformer& model,
          at::ScalarType dtype = at::kFloat, const WriteModelOptions& options = {}) {
  write_model(folder, make_folder_config(model->config(), dtype, 1, 2), model->config(),
              named_weights(model), dtype, options);
}

Transformer load(const std::filesystem::path& folder, at::ScalarType dtype = at::kFloat) {
  const FolderConfig config = read_folder_config(folder);
  Transformer model(config.model, dtype);
  read_weights(folder, config, named_weights(model));
  return model;
}

void expect_equal_weights(const Transformer& a, const Transformer& b) {
  const auto left = named_weights(a), right = named_weights(b);
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].first, right[i].first);
    EXPECT_TRUE(at::equal(left[i].second, right[i].second)) << left[i].first;
  }
}

ModelConfig qwen3_config() {
  ModelConfig config = testing::small_config();
  config.qk_norm = true;
  config.tie_word_embeddings = false;
  return config;
}
ModelConfig slovo_config() {
  ModelConfig config = testing::small_config();
  config.mlp = Activation::relu2;
  return config;
}

ModelConfig window_config() {
  ModelConfig config = testing::small_config();
  config.sliding_window = 5;
  return config;
}

TEST(FolderConfig, ReadsLlama) {
  const FolderConfig config = read_config(Json::object());
  EXPECT_EQ(config.model.hidden_size, 24);
  EXPECT_EQ(config.model.key_value_heads(), 2);
  EXPECT_EQ(config.model.head_size(), 8);
  EXPECT_EQ(config.model.norm_eps, 1e-6);
  EXPECT_EQ(config.model.rope_theta, 5000);
  EXPECT_TRUE(config.model.tie_word_embeddings);
  EXPECT_EQ(config.dtype, at::kBFloat16);
  EXPECT_EQ(config.bos_id, 1);
  EXPECT_EQ(config.eos_ids, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(config.model_type(), "llama");
}

TEST(FolderConfig, TakesWhatTransformersTakesForAbsentKeys) {
  const TempFolder folder;
  write_json(folder / "config.json", Json{{"model_type", "llama"}, {"rope_theta", 500000.0}});
  const ModelConfig llama = read_folder_config(folder.path()).model;
  EXPECT_EQ(llama.vocab_size, 32000);
  EXPECT_EQ(llama.mlp_size(), 11008);
  EXPECT_EQ(llama.key_value_heads(), 32);
  EXPECT_EQ(llama.head_size(), 128);
  EXPECT_EQ(llama.rope_theta, 500000);
  EXPECT_FALSE(llama.tie_word_embeddings);
  write_json(folder / "config.json", Json{{"model_type", "qwen3"}, {"hidden_size", 1024}});
  const ModelConfig qwen3 = read_folder_config(folder.path()).model;
  EXPECT_EQ(qwen3.head_size(), 128);
  EXPECT_EQ(qwen3.rope_theta, 10000);
  EXPECT_TRUE(qwen3.qk_norm);
  write_json(folder / "config.json", Json{{"model_type", "gpt2"}, {"n_inner", nullptr}});
  const FolderConfig gpt2 = read_folder_config(folder.path());
  EXPECT_EQ(gpt2.model.mlp_size(), 3072);
  EXPECT_EQ(gpt2.model.mlp, Activation::gelu_tanh);
  EXPECT_TRUE(gpt2.model.tie_word_embeddings && gpt2.model.attention_bias && gpt2.model.mlp_bias);
  EXPECT_EQ(gpt2.dtype, at::kFloat);
}

TEST(FolderConfig, RefusesWhatItDoesNotCompute) {
  EXPECT_TRUE(contains(refusal({{"model_type", "mamba"}}), "model_type \"mamba\""));
  EXPECT_TRUE(contains(refusal({{"model_type", nullptr}}), "has no \"model_type\""));
  EXPECT_TRUE(contains(refusal({{"hidden_act", "gelu"}}),
                       "hidden_act is \"gelu\"; slovo computes llama with \"silu\""));
  EXPECT_TRUE(contains(refusal({{"rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}}}}),
                       "of type \"llama3\""));
  EXPECT_TRUE(contains(refusal({{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}}),
                       "of type \"linear\""));
  EXPECT_TRUE(
      contains(refusal({{"rope_parameters", {{"rope_type", "yarn"}}}}), "of type \"yarn\""));
  EXPECT_TRUE(contains(refusal({{"partial_rotary_factor", 0.5}}), "partial_rotary_factor is 0.5"));
  EXPECT_TRUE(
      contains(refusal({{"quantization_config", {{"quant_method", "gptq"}}}}), "method \"gptq\""));
  EXPECT_TRUE(contains(
      refusal({{"model_type", "qwen3"}, {"use_sliding_window", true}, {"max_window_layers", 1}}),
      "some layers attend to all of the text and others to a window"));
  EXPECT_TRUE(contains(refusal({{"model_type", "qwen3"}, {"layer_types", {"sliding_attention"}}}),
                       "layer_types holds \"sliding_attention\""));
  EXPECT_TRUE(
      contains(refusal({{"model_type", "gpt2"}, {"activation_function", "silu"}}),
               "activation_function \"silu\" is not computed by slovo; it computes gelu_new"));
  EXPECT_TRUE(contains(refusal({{"model_type", "gpt2"}, {"scale_attn_by_inverse_layer_idx", true}}),
                       "scale_attn_by_inverse_layer_idx is true"));
  EXPECT_TRUE(contains(refusal({{"dtype", "int8"}}), "dtype \"int8\" is not known"));
}

/// Mistral's window is 4096 where its config does not name one, and none where it says null; a
/// qwen3 has its window where three keys together say so.
TEST(FolderConfig, ReadsWindowsAsTransformersDoes) {
  const auto window = [](const Json& changes) { return read_config(changes).model.sliding_window; };
  EXPECT_EQ(window({{"sliding_window", 5}}), 0);
  EXPECT_EQ(window({{"model_type", "mistral"}}), 4096);
  EXPECT_EQ(window({{"model_type", "mistral"}, {"sliding_window", 5}}), 5);
  EXPECT_EQ(window({{"model_type", "mistral"}, {"sliding_window", nullptr}}), 0);
  const auto qwen3 = [&](const Json& changes) {
    Json json = {{"model_type", "qwen3"}, {"sliding_window", 5}};
    json.update(changes);
    return window(json);
  };
  EXPECT_EQ(qwen3(Json::object()), 0);
  EXPECT_EQ(qwen3({{"use_sliding_window", true}}), 0);  // from layer 28 on; it has 2
  EXPECT_EQ(qwen3({{"use_sliding_window", true}, {"max_window_layers", 0}}), 5);
  EXPECT_EQ(qwen3({{"use_sliding_window", true},
                   {"layer_types", {"sliding_attention", "sliding_attention"}}}),
            5);
  EXPECT_TRUE(contains(refusal({{"model_type", "mistral"}, {"layer_types", {"full_attention"}}}),
                       "layer_types holds \"full_attention\"; slovo computes sliding_attention"));
}

TEST(FolderConfig, NamesDamagedKeysTogether) {
  const std::string text = refusal({{"hidden_size", "big"}, {"num_hidden_layers", -1}});
  EXPECT_TRUE(contains(text, "hidden_size")) << text;
  EXPECT_TRUE(contains(text, "num_hidden_layers")) << text;
  EXPECT_TRUE(
      contains(refusal({{"num_key_value_heads", 3}}), "num_key_value_heads=3 does not divide"));
  EXPECT_TRUE(contains(refusal({{"eos_token_id", "x"}}), "eos_token_id"));
  EXPECT_TRUE(contains(refusal({{"rope_parameters", {{"rope_theta", "x"}}}}), "rope_theta"));
  const TempFolder folder;
  write_file(folder / "config.json", "{\"model_type\": ");
  EXPECT_TRUE(contains(error_of([&] { read_folder_config(folder.path()); }, ErrorCode::checkpoint),
                       "not valid JSON"));
  write_file(folder / "config.json", "[]");
  EXPECT_TRUE(contains(error_of([&] { read_folder_config(folder.path()); }, ErrorCode::checkpoint),
                       "no JSON object"));
}

TEST(FolderConfig, ChoosesTheClassThatComputesTheModel) {
  EXPECT_EQ(folder_model_type(testing::small_config()), "llama");
  EXPECT_EQ(folder_model_type(qwen3_config()), "qwen3");
  EXPECT_EQ(folder_model_type(testing::small_gpt2_config()), "gpt2");
  EXPECT_EQ(folder_model_type(slovo_config()), "slovo");
  ModelConfig config = testing::small_gpt2_config();
  config.mlp_bias = false;
  EXPECT_EQ(folder_model_type(config), "slovo");
  config = testing::small_gpt2_config();
  config.num_key_value_heads = 2;
  EXPECT_EQ(folder_model_type(config), "slovo");
  config = testing::small_config();
  config.hidden_size = 22;  // transformers' Llama wants heads to divide it
  EXPECT_EQ(folder_model_type(config), "slovo");
  config = qwen3_config();
  config.mlp_bias = true;
  EXPECT_EQ(folder_model_type(config), "slovo");
  config = window_config();
  EXPECT_EQ(folder_model_type(config), "mistral");
  config.attention_bias = true;
  EXPECT_EQ(folder_model_type(config), "slovo");
  config = qwen3_config();
  config.sliding_window = 5;
  EXPECT_EQ(folder_model_type(config), "qwen3");
  config = testing::small_gpt2_config();
  config.sliding_window = 5;
  EXPECT_EQ(folder_model_type(config), "slovo");
}

TEST(FolderConfig, KeepsForeignKeys) {
  const FolderConfig config =
      read_config({{"rope_parameters", {{"rope_theta", 5000.0}, {"note", 1}}}});
  ModelConfig changed = config.model;
  changed.vocab_size = 40;
  const Json json =
      make_folder_config(changed, at::kFloat, std::nullopt, std::nullopt, config.json);
  EXPECT_EQ(json["x_custom"], (Json{{"a", {1, 2}}}));
  EXPECT_EQ(json["eos_token_id"], (Json{2, 3}));
  EXPECT_EQ(json["vocab_size"], 40);
  EXPECT_EQ(json["dtype"], "float32");
  EXPECT_EQ(json["rope_parameters"]["note"], 1);
  EXPECT_EQ(json["rope_parameters"]["rope_theta"], 5000.0);
}

TEST(FolderConfig, EveryFieldSurvivesARoundTrip) {
  ModelConfig llama = testing::small_config();
  llama.attention_bias = llama.mlp_bias = true;
  llama.rope_theta = 77777;
  llama.norm_eps = 3e-6;
  ModelConfig gpt2 = testing::small_gpt2_config();
  gpt2.mlp = Activation::gelu;
  ModelConfig slovo = slovo_config();
  slovo.rope_theta = 1234;
  slovo.norm = Norm::layer;
  slovo.sliding_window = 6;
  ModelConfig window_qwen3 = qwen3_config();
  window_qwen3.sliding_window = 7;
  for (const ModelConfig& config :
       {llama, window_config(), qwen3_config(), window_qwen3, gpt2, slovo}) {
    const TempFolder folder;
    const Json json = make_folder_config(config, at::kBFloat16, 1, 2);
    write_json(folder / "config.json", json);
    const FolderConfig back = read_folder_config(folder.path());
    EXPECT_EQ(make_folder_config(back.model, back.dtype, 1, 2).dump(), json.dump());
    EXPECT_EQ(back.model.mlp, config.mlp);
    EXPECT_EQ(back.model.norm, config.norm);
    EXPECT_EQ(back.model.sliding_window, config.sliding_window);
    EXPECT_EQ(back.model.mlp_size(), config.mlp_size());
    EXPECT_EQ(back.dtype, at::kBFloat16);
  }
}

TEST(ModelFolder, WeightsSurviveARoundTrip) {
  for (const ModelConfig& config :
       {testing::small_config(), qwen3_config(), testing::small_gpt2_config(), slovo_config()}) {
    const TempFolder folder;
    const Transformer model = make_model(config);
    save(folder.path(), model);
    expect_equal_weights(load(folder.path()), model);
  }
}

TEST(ModelFolder, StoresATiedHeadOnceAndIgnoresACopy) {
  const TempFolder folder;
  const Transformer model = make_model(testing::small_config());
  save(folder.path(), model);
  NamedTensors tensors;
  {
    const SafetensorsFile file(folder / "model.safetensors");
    EXPECT_FALSE(file.contains("lm_head.weight"));
    for (const auto& name : file.names()) tensors.emplace_back(name, file.view(name).clone());
  }
  tensors.emplace_back("lm_head.weight", at::zeros({37, 24}));
  tensors.emplace_back("model.layers.0.self_attn.rotary_emb.inv_freq", at::zeros({4}));
  write_safetensors(folder / "model.safetensors", tensors);
  expect_equal_weights(load(folder.path()), model);
}

TEST(ModelFolder, ReadsBaseModelsWithoutPrefix) {
  for (const ModelConfig& config : {testing::small_config(), testing::small_gpt2_config()}) {
    const TempFolder folder;
    const Transformer model = make_model(config);
    save(folder.path(), model);
    NamedTensors tensors;
    {
      const SafetensorsFile file(folder / "model.safetensors");
      for (const auto& name : file.names()) {
        tensors.emplace_back(name.substr(name.find('.') + 1), file.view(name).clone());
      }
    }
    if (config.position == Position::learned)
      tensors.emplace_back("h.0.attn.bias", at::ones({1, 1, 64, 64}));
    write_safetensors(folder / "model.safetensors", tensors);
    expect_equal_weights(load(folder.path()), model);
  }
}

TEST(ModelFolder, ConvertsDtypes) {
  const TempFolder folder;
  const Transformer model = make_model(testing::small_gpt2_config());
  for (const auto stored : {at::kBFloat16, at::kHalf, at::kFloat}) {
    save(folder.path(), model, stored);
    EXPECT_EQ(read_folder_config(folder.path()).dtype, stored);
    for (const auto computed : {at::kFloat, at::kBFloat16}) {
      const auto loaded = named_weights(load(folder.path(), computed));
      const auto source = named_weights(model);
      for (size_t i = 0; i < source.size(); ++i) {
        EXPECT_TRUE(at::equal(loaded[i].second, source[i].second.to(stored).to(computed)))
            << source[i].first;
      }
    }
  }
}

TEST(ModelFolder, SplitsLargeModels) {
  const TempFolder folder;
  const Transformer model = make_model(testing::small_config());
  save(folder.path(), model);
  save(folder.path(), model, at::kFloat, {{}, 8000});
  EXPECT_FALSE(std::filesystem::exists(folder / "model.safetensors"));
  const Json index = read_json(folder / "model.safetensors.index.json");
  int64_t elements = 0;
  for (const auto& [name, weight] : named_weights(model)) elements += weight.numel();
  EXPECT_EQ(index["metadata"]["total_size"], 4 * elements);
  EXPECT_EQ(index["weight_map"]["model.embed_tokens.weight"], "model-00001-of-00006.safetensors");
  expect_equal_weights(load(folder.path()), model);

  std::filesystem::remove(folder / "model-00002-of-00006.safetensors");
  std::string text = error_of([&] { load(folder.path()); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "shard model-00002-of-00006.safetensors is missing")) << text;
  Json outside = index;
  outside["weight_map"]["model.norm.weight"] = "../secret.safetensors";
  write_json(folder / "model.safetensors.index.json", outside);
  text = error_of([&] { load(folder.path()); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "a file of this folder is expected")) << text;
  write_file(folder / "model.safetensors.index.json", "{ broken");
  text = error_of([&] { load(folder.path()); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "not valid JSON")) << text;
}

TEST(ModelFolder, ReportsAllThatDoesNotFitTogether) {
  const TempFolder folder;
  save(folder.path(), make_model(testing::small_config()));
  NamedTensors tensors;
  {
    const SafetensorsFile file(folder / "model.safetensors");
    for (const auto& name : file.names()) {
      if (name == "model.norm.weight") continue;
      const bool wide = name == "model.layers.1.mlp.down_proj.weight";
      tensors.emplace_back(name, wide ? at::ones({24, 21}) : file.view(name).clone());
    }
  }
  tensors.emplace_back("model.layers.2.extra", at::ones({1}));
  write_safetensors(folder / "model.safetensors", tensors);
  const std::string text = error_of([&] { load(folder.path()); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "1 missing: model.norm.weight")) << text;
  EXPECT_TRUE(contains(text, "1 unexpected: model.layers.2.extra")) << text;
  EXPECT_TRUE(contains(
      text, "1 mismatched: model.layers.1.mlp.down_proj.weight is Float [24, 21] and must be"))
      << text;
}

TEST(ModelFolder, SaysWhenThereAreNoWeights) {
  const TempFolder folder;
  save(folder.path(), make_model(testing::small_config()));
  std::filesystem::remove(folder / "model.safetensors");
  const std::string text = error_of([&] { load(folder.path()); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "has neither model.safetensors nor")) << text;
}

TEST(ModelFolder, KeepsAForeignGenerationConfig) {
  const TempFolder folder;
  const Transformer model = make_model(testing::small_config());
  save(folder.path(), model);
  EXPECT_EQ(read_json(folder / "generation_config.json")["eos_token_id"], 2);
  save(folder.path(), model, at::kFloat, {Json{{"eos_token_id", {5, 6}}, {"top_p", 0.9}}, 1 << 30});
  const FolderConfig config = read_folder_config(folder.path());
  EXPECT_EQ(config.generation["top_p"], 0.9);
  EXPECT_EQ(config.eos_ids, (std::vector<int64_t>{5, 6}));
  EXPECT_EQ(config.bos_id, 1);
}

TEST(ModelFolder, ChecksTheVocabulary) {
  check_vocab_size("m", testing::small_config(), 37);
  const std::string text =
      error_of([] { check_vocab_size("m", testing::small_config(), 38); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "m: the tokenizer has 38 tokens but the model's vocab_size is 37"))
      << text;
}

TEST(ModelFolder, FindsTheModelBehindAPath) {
  const TempFolder folder;
  const std::filesystem::path run = folder / "run";
  const auto add = [&](const std::string& name) {
    make_folder(run / name);
    write_file(run / name / "config.json", "{}");
  };
  make_folder(run);
  const std::string text = error_of([&] { find_model_folder(run); }, ErrorCode::checkpoint);
  EXPECT_TRUE(contains(text, "looked for config.json, model/config.json and checkpoints/step-*"))
      << text;
  add("checkpoints/step-00000900");
  add("checkpoints/step-00001000");
  make_folder(run / "checkpoints/step-00002000");  // without a model
  add("checkpoints/step-latest");
  EXPECT_EQ(find_model_folder(run), run / "checkpoints/step-00001000");
  EXPECT_EQ(find_model_folder(run / "checkpoints"), run / "checkpoints/step-00001000");
  EXPECT_EQ(find_model_folder(run / "checkpoints/step-00000900"),
            run / "checkpoints/step-00000900");
  add("model");
  EXPECT_EQ(find_model_folder(run), run / "model");
  EXPECT_TRUE(contains(error_of([&] { find_model_folder(folder / "no"); }, ErrorCode::checkpoint),
                       "no such folder"));
}

}  // namespace
}  // namespace slovo
