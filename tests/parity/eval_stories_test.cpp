// stories260K, a real trained Llama: the logits, greedy text and NLL that other programs give.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "decode/generator.h"
#include "decode_support.h"

namespace slovo {
namespace {

class Stories : public ::testing::Test {
 protected:
  void SetUp() override {
    SLOVO_SHARED_DATA(folder, "models/stories260K");
    model_ = load_for_inference(folder / "hf", {});
    reference_ = read_json(folder / "reference.json");
  }

  LoadedModel model_;
  Json reference_;
};

TEST_F(Stories, LogitsEqualTheReference) {
  Generator generator(model_, {}, 1);
  const std::vector<TokenId> ids = generator.encode_prompt(reference_["prompt"].get<std::string>());
  EXPECT_EQ(Json(ids), reference_["prompt_ids_with_bos"]);
  const InferenceGuard guard(model_);
  const std::vector<int64_t> wide(ids.begin(), ids.end());
  const at::Tensor logits_TV =
      model_.model
          ->logits(model_.model->forward({at::tensor(wide, at::kLong).unsqueeze(0), {}, {}}))
          .squeeze(0);
  const auto want = reference_["last_logits"].get<std::vector<double>>();
  const at::Tensor difference =
      logits_TV.select(0, -1).to(at::kDouble) - at::tensor(want, at::kDouble);
  EXPECT_LT(difference.abs().max().item<double>(), 1e-4);
  const at::Tensor best = logits_TV.argmax(-1);
  EXPECT_EQ(Json(std::vector<int64_t>(best.const_data_ptr<int64_t>(),
                                      best.const_data_ptr<int64_t>() + best.numel())),
            reference_["argmax_per_position"]);
}

TEST_F(Stories, GreedyTextEqualsTheReference) {
  const std::string want = reference_["greedy_text_from_bos_runc_t0"].get<std::string>();
  DecodeConfig config;
  config.temperature = 0;
  config.max_tokens = 256;
  const auto completions = Generator(model_, config, 1).generate(std::vector<std::string>{""});
  EXPECT_EQ(completions[0].text.substr(0, want.size()), want);
  const auto ids = reference_["greedy_ids_numpy_first60"].get<std::vector<TokenId>>();
  for (size_t i = 1; i < ids.size(); ++i) EXPECT_EQ(completions[0].ids[i - 1], ids[i]);
}

TEST_F(Stories, ACompletionKeepsTheSpaceAfterItsPrompt) {
  DecodeConfig config;
  config.temperature = 0;
  config.max_tokens = 2;
  const auto completions = Generator(model_, config, 1)
                               .generate(std::vector<std::string>{"Once upon a time, there was a"});
  EXPECT_EQ(completions[0].text.substr(0, 1), " ");
}

}  // namespace
}  // namespace slovo
