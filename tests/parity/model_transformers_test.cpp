// Logits, loss and every gradient equal those of transformers; see scripts/make_fixtures.py.
#include <ATen/ATen.h>

#include "io/model_folder.h"
#include "io/weight_names.h"
#include "model_support.h"
#include "ops/ops.h"

namespace slovo {
namespace {

const std::filesystem::path kFixtures = testing::fixture("models");

const std::vector<std::string> kModels = {"llama_gqa", "llama_bias",   "mistral",
                                          "qwen3",     "qwen3_window", "gpt2"};

struct Case {
  std::string model;
  ops::Implementation implementation;
};

class TransformersParity : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    ops::set_implementation(GetParam().implementation);
    folder_ = read_folder_config(path());
    model_ = Transformer(folder_.model, at::kFloat);
    read_weights(path(), folder_, named_weights(model_));
    expected_ = std::make_unique<SafetensorsFile>(path() / "expected.safetensors");
  }
  void TearDown() override { ops::set_implementation(ops::Implementation::fast); }

  std::filesystem::path path() const { return kFixtures / GetParam().model; }
  at::Tensor expected(const std::string& name) const { return expected_->view(name); }
  /// Logits of the fixture's ids, [2,12,V].
  at::Tensor logits() { return model_->logits(model_->forward({expected("ids"), {}, {}})); }

  FolderConfig folder_;
  Transformer model_{nullptr};
  std::unique_ptr<SafetensorsFile> expected_;
};

TEST_P(TransformersParity, Logits) {
  EXPECT_LT((logits() - expected("logits")).abs().max().item<double>(), 1e-5);
}

TEST_P(TransformersParity, CachedLogits) {
  const at::NoGradGuard no_grad;
  const at::Tensor ids = expected("ids");
  ModelState state = model_->new_state(2, 12);
  for (const auto& [begin, end] : {std::pair{0, 5}, {5, 6}, {6, 7}, {7, 12}}) {
    const at::Tensor hidden = model_->forward({ids.slice(1, begin, end), {}, {}}, &state);
    const at::Tensor difference = model_->logits(hidden) - expected("logits").slice(1, begin, end);
    EXPECT_LT(difference.abs().max().item<double>(), 1e-5) << begin;
  }
}

/// Every gradient against its fixture: within 1e-5, or 1e-4 of the largest entry.
void expect_gradients(const Transformer& model, const FolderConfig& folder,
                      const SafetensorsFile& expected) {
  const NamedTensors weights = named_weights(model);
  size_t compared = 0;
  for (const StoredTensor& stored : stored_tensors(folder.model, folder.model_type(), weights)) {
    const auto weight = std::find_if(weights.begin(), weights.end(), [&](const auto& entry) {
      return entry.first == stored.parameter;
    });
    at::Tensor grad = weight->second.grad().narrow(0, stored.begin, stored.rows());
    if (stored.transposed) grad = grad.t();
    const at::Tensor theirs = expected.view("grad." + stored.name);
    EXPECT_LT((grad - theirs).abs().max().item<double>(),
              1e-5 + 1e-4 * theirs.abs().max().item<double>())
        << stored.name;
    ++compared;
  }
  EXPECT_EQ(compared + 3, expected.names().size());  // ids, logits and loss beside the gradients
}

TEST_P(TransformersParity, LossAndGradients) {
  const at::Tensor targets = expected("ids").slice(1, 1).reshape({-1});
  const at::Tensor rows = logits().slice(1, 0, 11).reshape({targets.size(0), -1});
  const at::Tensor loss = at::cross_entropy_loss(rows, targets);
  EXPECT_NEAR(loss.item<double>(), expected("loss").item<double>(), 1e-5);
  loss.backward();
  expect_gradients(model_, folder_, *expected_);
}

TEST_P(TransformersParity, ChunkedLossAndGradients) {
  const at::Tensor targets = expected("ids").slice(1, 1).reshape({-1});
  const at::Tensor hidden =
      model_->forward({expected("ids"), {}, {}}).slice(1, 0, 11).reshape({targets.size(0), -1});
  const at::Tensor weights = at::ones({targets.size(0)});
  const at::Tensor loss = ops::linear_cross_entropy(hidden, model_->head_weight(), targets, weights,
                                                    1.0 / static_cast<double>(targets.size(0)));
  EXPECT_NEAR(loss.item<double>(), expected("loss").item<double>(), 1e-5);
  loss.backward();
  expect_gradients(model_, folder_, *expected_);
}

INSTANTIATE_TEST_SUITE_P(Models, TransformersParity, ::testing::ValuesIn([] {
                           std::vector<Case> cases;
                           for (const std::string& model : kModels) {
                             cases.push_back({model, ops::Implementation::reference});
                             cases.push_back({model, ops::Implementation::fast});
                           }
                           return cases;
                         }()),
                         [](const auto& test) {
                           return test.param.model +
                                  (test.param.implementation == ops::Implementation::fast
                                       ? "_fast"
                                       : "_plain");
                         });

/// Saving what was read gives transformers' own bytes and keys back.
TEST(TransformersFolder, SavesWhatItRead) {
  for (const std::string& name : kModels) {
    const FolderConfig folder = read_folder_config(kFixtures / name);
    const Transformer model(folder.model, at::kFloat);
    read_weights(kFixtures / name, folder, named_weights(model));
    const Json json =
        make_folder_config(folder.model, folder.dtype, std::nullopt, std::nullopt, folder.json);
    for (const auto& [key, value] : folder.json.items()) {
      if (key == "n_inner") continue;  // null there: four times the width
      EXPECT_EQ(json[key], value) << name << " " << key;
    }
    const testing::TempFolder out;
    write_model(out.path(), json, folder.model, named_weights(model), folder.dtype,
                {folder.generation});
    const SafetensorsFile ours(out / "model.safetensors"),
        theirs(kFixtures / name / "model.safetensors");
    EXPECT_EQ(ours.names().size(), theirs.names().size()) << name;
    for (const auto& tensor : theirs.names()) {
      EXPECT_TRUE(at::equal(ours.view(tensor), theirs.view(tensor))) << name << " " << tensor;
    }
  }
}

}  // namespace
}  // namespace slovo
