// Adapters of PEFT: logits, loss and the gradients of every part equal PEFT's; see
// scripts/make_fixtures_lora.py.
#include <ATen/ATen.h>

#include "decode/adapters.h"
#include "decode/loaded_model.h"
#include "io/adapter_folder.h"
#include "model/lora.h"
#include "ops_support.h"
#include "testing.h"

namespace slovo {
namespace {

struct Case {
  std::string adapter;
  ops::Implementation implementation;
};

class PeftParity : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    source_ = find_model(path());
    folder_ = read_folder_config(source_.model);
    model_ = Transformer(folder_.model, at::kFloat);
    fill_model(model_, source_.model, folder_);
    load_adapters(model_, source_.adapter, folder_);
    expected_ = std::make_unique<SafetensorsFile>(path() / "expected.safetensors");
  }

  std::filesystem::path path() const { return testing::fixture("lora") / GetParam().adapter; }
  at::Tensor expected(const std::string& name) const { return expected_->view(name); }
  at::Tensor logits() { return model_->logits(model_->forward({expected("ids"), {}, {}})); }
  void expect_logits() {
    EXPECT_LT((logits() - expected("logits")).abs().max().item<double>(), 3e-5);
  }

  testing::UseImplementation form_{GetParam().implementation};
  ModelSource source_;
  FolderConfig folder_;
  Transformer model_{nullptr};
  std::unique_ptr<SafetensorsFile> expected_;
};

TEST_P(PeftParity, Logits) { expect_logits(); }

TEST_P(PeftParity, LogitsOutsideTraining) {
  model_->eval();
  for (int pass = 0; pass < 2; ++pass) expect_logits();  // what is kept is used the second time
}

TEST_P(PeftParity, MergedLogits) {
  const size_t weights = named_weights(model_).size();
  merge_adapters(model_);
  EXPECT_LT(named_weights(model_).size(), weights);
  expect_logits();
}

/// The gradients, written as an adapter is: PEFT's names then meet ours.
TEST_P(PeftParity, LossAndGradients) {
  for (const bool recompute : {false, true}) {
    model_->recompute_blocks(recompute);
    const at::Tensor targets = expected("ids").slice(1, 1).reshape({-1});
    const at::Tensor rows = logits().slice(1, 0, 11).reshape({targets.size(0), -1});
    const at::Tensor loss = at::cross_entropy_loss(rows, targets);
    EXPECT_NEAR(loss.item<double>(), expected("loss").item<double>(), 1e-5);
    loss.backward();
    NamedTensors gradients;
    for (auto& [name, weight] : named_weights(model_)) {
      EXPECT_EQ(weight.requires_grad(), weight.grad().defined()) << name;
      if (weight.grad().defined()) gradients.emplace_back(name, weight.grad());
      weight.mutable_grad() = at::Tensor();
    }
    const testing::TempFolder out;
    write_adapter(out.path(), read_adapter_config(path()).lora, folder_, "", gradients);
    const SafetensorsFile ours(out / "adapter_model.safetensors");
    EXPECT_EQ(ours.names().size() + 3, expected_->names().size());
    for (const std::string& name : ours.names()) {
      const at::Tensor theirs = expected("grad." + name);
      EXPECT_LT((ours.view(name) - theirs).abs().max().item<double>(),
                1e-5 + 1e-4 * theirs.abs().max().item<double>())
          << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Adapters, PeftParity, ::testing::ValuesIn([] {
                           std::vector<Case> cases;
                           for (const char* adapter : {"eval_lora", "llama_lora", "llama_rslora",
                                                       "llama_dora", "gpt2_lora", "gpt2_dora"}) {
                             cases.push_back({adapter, ops::Implementation::reference});
                             cases.push_back({adapter, ops::Implementation::fast});
                           }
                           return cases;
                         }()),
                         [](const auto& test) {
                           const bool fast = test.param.implementation == ops::Implementation::fast;
                           return test.param.adapter + (fast ? "_fast" : "_plain");
                         });

/// What slovo writes is what it read: the same names, values and settings.
TEST(PeftFolder, SavesWhatItRead) {
  for (const char* name :
       {"eval_lora", "llama_lora", "llama_rslora", "llama_dora", "gpt2_lora", "gpt2_dora"}) {
    const ModelSource source = find_model(testing::fixture("lora") / name);
    const FolderConfig folder = read_folder_config(source.model);
    Transformer model(folder.model, at::kFloat);
    fill_model(model, source.model, folder);
    load_adapters(model, source.adapter, folder);
    const LoraConfig lora = read_adapter_config(source.adapter).lora;
    const testing::TempFolder out;
    write_adapter(out.path(), lora, folder, "base", named_weights(model));
    const SafetensorsFile ours(out / "adapter_model.safetensors"),
        theirs(source.adapter / "adapter_model.safetensors");
    EXPECT_EQ(ours.names().size(), theirs.names().size()) << name;
    for (const std::string& tensor : theirs.names()) {
      EXPECT_TRUE(at::equal(ours.view(tensor), theirs.view(tensor))) << name << " " << tensor;
    }
    const Json written = read_json(out.path() / "adapter_config.json");
    const Json given = read_json(source.adapter / "adapter_config.json");
    for (const auto& [key, value] : written.items()) {
      if (key == "target_modules" || key == "base_model_name_or_path") continue;
      EXPECT_EQ(value, given.at(key)) << name << " " << key;
    }
  }
}

}  // namespace
}  // namespace slovo
