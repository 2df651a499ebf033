// Which adapters are opened, what their targets mean, and what is said of those that are not.
#include <ATen/ATen.h>

#include "decode/adapters.h"
#include "decode/loaded_model.h"
#include "decode_support.h"
#include "io/adapter_folder.h"
#include "model/lora.h"
#include "model_support.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

FolderConfig folder_config(const ModelConfig& config) {
  FolderConfig out;
  out.model = config;
  out.json = make_folder_config(config, at::kFloat, std::nullopt, std::nullopt);
  return out;
}

std::vector<std::string> modules(const std::vector<std::string>& targets,
                                 const ModelConfig& config = testing::small_config()) {
  const Transformer model(config, at::kFloat);
  LoraConfig lora;
  lora.targets = targets;
  std::vector<std::string> out;
  for (const StoredTensor& map : adapted_maps(lora, folder_config(config), named_weights(model))) {
    out.push_back(map.module());
  }
  return out;
}

TEST(AdapterTargets, AreAllMapsOfTheBlocksAtFirst) {
  EXPECT_EQ(modules({}).size(), 2U * 7);
  EXPECT_EQ(modules({}, testing::small_gpt2_config()).size(), 2U * 4);
  ModelConfig own = testing::small_config();
  own.value_embeddings = true;
  EXPECT_EQ(modules({}, own),
            (std::vector<std::string>{"blocks.0.attention.qkv", "blocks.0.attention.output",
                                      "blocks.0.mlp.up", "blocks.0.mlp.down",
                                      "blocks.1.attention.qkv", "blocks.1.attention.output",
                                      "blocks.1.mlp.up", "blocks.1.mlp.down"}));
}

TEST(AdapterTargets, AreEndsOfNamesAndPatterns) {
  EXPECT_EQ(modules({"q_proj", "layers.1.mlp.down_proj"}),
            (std::vector<std::string>{"model.layers.0.self_attn.q_proj",
                                      "model.layers.1.self_attn.q_proj",
                                      "model.layers.1.mlp.down_proj"}));
  EXPECT_EQ(modules({"layers.0.*.?_proj"}).size(), 4U);
  EXPECT_EQ(modules({"mlp.*"}).size(), 6U);
  EXPECT_EQ(modules({"c_proj"}, testing::small_gpt2_config()).size(), 4U);
}

TEST(AdapterTargets, ThatAreNotThereAreRefusedWithTheNamesThereAre) {
  const std::string text = error_of([] { modules({"q_proj", "proj"}); }, ErrorCode::config);
  EXPECT_TRUE(contains(text, "lora.targets: \"proj\""));
  EXPECT_TRUE(contains(text, "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj"));
}

/// A PEFT folder that a test may change.
class AdapterCopy {
 public:
  explicit AdapterCopy(const std::string& name) {
    std::filesystem::copy(testing::fixture("lora") / name, folder_.path());
  }
  const std::filesystem::path& path() const { return folder_.path(); }
  std::string refused_with(const std::string& key, const Json& value) const {
    Json json = read_json(path() / "adapter_config.json");
    json[key] = value;
    const testing::TempFolder changed;
    std::filesystem::copy(path(), changed.path(), std::filesystem::copy_options::recursive);
    write_json(changed.path() / "adapter_config.json", json);
    return error_of([&] { read_adapter_config(changed.path()); }, ErrorCode::checkpoint);
  }

 private:
  testing::TempFolder folder_;
};

TEST(AdapterConfig, IsReadWithTheModulesThatHaveWeights) {
  const AdapterConfig config = read_adapter_config(testing::fixture("lora") / "llama_rslora");
  EXPECT_EQ(config.lora.rank, 4);
  EXPECT_EQ(config.lora.alpha, 5);
  EXPECT_TRUE(config.lora.rslora);
  EXPECT_FALSE(config.lora.dora);
  EXPECT_EQ(config.base, "../../models/llama_bias");
  EXPECT_EQ(config.lora.targets,
            (std::vector<std::string>{"model.layers.1.mlp.gate_proj", "model.layers.1.mlp.up_proj",
                                      "model.layers.1.self_attn.k_proj",
                                      "model.layers.1.self_attn.o_proj"}));
}

TEST(AdapterConfig, OfAnotherKindIsRefusedByName) {
  const AdapterCopy copy("llama_lora");
  EXPECT_TRUE(contains(copy.refused_with("peft_type", "LOHA"), "peft_type is \"LOHA\""));
  EXPECT_TRUE(contains(copy.refused_with("bias", "all"), "bias is \"all\""));
  EXPECT_TRUE(contains(copy.refused_with("modules_to_save", Json::array({"lm_head"})),
                       "modules_to_save ([\"lm_head\"])"));
  EXPECT_TRUE(contains(copy.refused_with("rank_pattern", {{"q_proj", 2}}), "rank_pattern"));
  EXPECT_TRUE(contains(copy.refused_with("alpha_pattern", {{"q_proj", 2}}), "alpha_pattern"));
  EXPECT_TRUE(contains(copy.refused_with("lora_bias", true), "lora_bias (true)"));
  EXPECT_TRUE(
      contains(copy.refused_with("init_lora_weights", "pissa"), "\"pissa\", which changes"));
  EXPECT_TRUE(contains(copy.refused_with("r", "four"), "r is \"four\"; a number is expected"));
  EXPECT_TRUE(contains(copy.refused_with("lora_alpha", 0), "lora_alpha 0"));
}

TEST(AdapterConfig, WithoutWeightsOrWithOthersIsRefused) {
  const AdapterCopy copy("llama_lora");
  const auto weights = copy.path() / "adapter_model.safetensors";
  write_safetensors(weights, {{"base_model.model.lm_head.lora_embedding_A", at::ones({2, 3})}});
  EXPECT_TRUE(contains(error_of([&] { read_adapter_config(copy.path()); }, ErrorCode::checkpoint),
                       "lora_embedding_A\" is no part of an adapter on a linear map"));
  std::filesystem::remove(weights);
  EXPECT_TRUE(contains(error_of([&] { read_adapter_config(copy.path()); }, ErrorCode::checkpoint),
                       "has no adapter_model.safetensors"));
}

/// Loads `adapter` on the model of the fixture "models/NAME".
void load_on(const std::string& name, const std::filesystem::path& adapter) {
  const auto base = testing::fixture("models") / name;
  const FolderConfig folder = read_folder_config(base);
  Transformer model(folder.model, at::kFloat);
  fill_model(model, base, folder);
  load_adapters(model, adapter, folder);
}

TEST(AdapterWeights, OfAnotherModelAreRefused) {
  const auto lora = testing::fixture("lora");
  EXPECT_TRUE(contains(error_of([&] { load_on("gpt2", lora / "llama_lora"); }),
                       "is none of the model's linear maps; they are c_attn, c_proj, c_fc"));
  EXPECT_TRUE(contains(error_of([&] { load_on("llama_bias", lora / "llama_lora"); }),
                       "self_attn.q_proj.lora_B.weight has another shape"));
}

TEST(AdapterWeights, ThatAreNotWholeAreRefused) {
  const AdapterCopy copy("llama_dora");
  const auto path = copy.path() / "adapter_model.safetensors";
  NamedTensors tensors;
  {
    const SafetensorsFile file(path);
    for (const std::string& name : file.names()) {
      if (!name.ends_with("layers.0.mlp.up_proj.lora_B.weight"))
        tensors.emplace_back(name, file.view(name).clone());
    }
  }
  write_safetensors(path, tensors);
  EXPECT_TRUE(contains(error_of([&] { load_on("llama_bias", copy.path()); }, ErrorCode::checkpoint),
                       "layers.0.mlp.up_proj.lora_B.weight is missing"));
}

/// Targets are written by their ends where these name the same modules, else in full.
TEST(AdapterFolder, NamesItsTargetsAsPeftTakesThem) {
  const ModelConfig config = testing::small_config();
  const FolderConfig folder = folder_config(config);
  const auto written = [&](const std::vector<std::string>& targets) {
    Transformer model = testing::make_model(config);
    LoraConfig lora;
    lora.rank = 2;
    lora.alpha = 2.5;
    lora.targets = targets;
    add_adapters(model, lora, folder, 1);
    const testing::TempFolder out;
    write_adapter(out.path(), lora, folder, "models/base", named_weights(model));
    const Json json = read_json(out.path() / "adapter_config.json");
    EXPECT_EQ(json["lora_alpha"], 2.5);
    EXPECT_EQ(json["base_model_name_or_path"], "models/base");
    EXPECT_EQ(read_adapter_config(out.path()).lora.rank, 2);
    return json["target_modules"];
  };
  EXPECT_EQ(written({"layers.*.mlp.up_proj", "q_proj"}), Json::array({"q_proj", "up_proj"}));
  EXPECT_EQ(written({"layers.1.self_attn.v_proj"}),
            Json::array({"model.layers.1.self_attn.v_proj"}));
}

/// A copy of the tiny model of tests/fixtures/eval with an adapter beside it.
class AdaptedTiny {
 public:
  AdaptedTiny() {
    std::filesystem::copy(testing::fixture("eval"), folder_.path() / "base");
    std::filesystem::create_directories(adapter());
    const FolderConfig config = read_folder_config(base());
    Transformer model(config.model, at::kFloat);
    fill_model(model, base(), config);
    LoraConfig lora;
    lora.rank = 4;
    add_adapters(model, lora, config, 1);
    const at::NoGradGuard no_grad;
    for (auto& [name, weight] : named_weights(model)) {
      if (name.ends_with("lora_B")) weight.fill_(0.05);
    }
    write_adapter(adapter(), lora, config, "../base", named_weights(model));
  }
  std::filesystem::path base() const { return folder_.path() / "base"; }
  std::filesystem::path adapter() const { return folder_.path() / "adapter"; }
  std::filesystem::path folder() const { return folder_.path(); }

 private:
  testing::TempFolder folder_;
};

at::Tensor logits(LoadedModel& loaded) {
  const InferenceGuard guard(loaded);
  const at::Tensor ids = testing::make_ids(1, 9, 300);
  return loaded.model->logits(loaded.model->forward({ids, {}, {}}));
}

TEST(LoadedAdapter, FindsItsModelBesideIt) {
  const AdaptedTiny tiny;
  LoadedModel base = load_for_inference(tiny.base(), {});
  LoadedModel named = load_for_inference(tiny.adapter(), {});
  LoadedModel given = load_for_inference(tiny.base(), {}, tiny.adapter());
  EXPECT_FALSE(at::allclose(logits(base), logits(named)));
  EXPECT_TRUE(at::equal(logits(named), logits(given)));
  EXPECT_TRUE(contains(given.name, " with "));
}

TEST(LoadedAdapter, SaysWhatIsMissingOrMixedUp) {
  const AdaptedTiny tiny;
  EXPECT_TRUE(contains(error_of([&] { load_for_inference(tiny.base(), {}, tiny.base()); }),
                       "is a model, not an adapter"));
  EXPECT_TRUE(contains(error_of([&] { load_for_inference(tiny.adapter(), {}, tiny.adapter()); }),
                       "is an adapter itself"));
  EXPECT_TRUE(contains(error_of([&] { read_folder_config(tiny.adapter()); }, ErrorCode::checkpoint),
                       "holds an adapter, but a model is needed here"));
  std::filesystem::rename(tiny.base(), tiny.folder() / "moved");
  EXPECT_TRUE(
      contains(error_of([&] { load_for_inference(tiny.adapter(), {}); }, ErrorCode::checkpoint),
               "the adapter's model, \"../base\" (base_model_name_or_path), is no folder"));
}

}  // namespace
}  // namespace slovo
