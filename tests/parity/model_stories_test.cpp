// stories260K, a real trained Llama: the likelihood of real text.
#include <ATen/ATen.h>

#include "core/json.h"
#include "io/model_folder.h"
#include "model_support.h"
#include "ops/ops.h"
#include "tokenizer/tokenizer.h"

namespace slovo {
namespace {

/// The first `count` texts between <|endoftext|> marks, without white space around them.
std::vector<std::string> first_texts(const std::string& all, int count) {
  const std::string mark = "<|endoftext|>";
  std::vector<std::string> out;
  for (size_t begin = 0; count > 0; --count) {
    const size_t end = all.find(mark, begin);
    const size_t first = all.find_first_not_of(" \n", begin);
    out.push_back(all.substr(first, all.find_last_not_of(" \n", end - 1) - first + 1));
    begin = end + mark.size();
  }
  return out;
}

TEST(StoriesModel, LikelihoodOfTwentyTextsEqualsTheReference) {
  SLOVO_SHARED_DATA(folder, "models/stories260K");
  SLOVO_SHARED_DATA(text, "pretrain/tinystories/tinystories_train_part.txt");
  const at::NoGradGuard no_grad;
  const Json reference = read_json(folder / "reference.json");
  const FolderConfig config = read_folder_config(folder / "hf");
  Transformer model(config.model, at::kFloat);
  read_weights(folder / "hf", config, named_weights(model));
  const auto tokenizer = Tokenizer::load(folder / "hf");

  double sum = 0;
  int64_t tokens = 0;
  for (const std::string& story : first_texts(read_file(text), 20)) {
    std::vector<int64_t> ids = {*config.bos_id};
    for (const TokenId id : tokenizer->encode(story, SpecialTokens::none)) ids.push_back(id);
    const auto scored = static_cast<int64_t>(ids.size()) - 1;
    const at::Tensor row = at::tensor(ids, at::kLong);
    const at::Tensor hidden = model->forward({row.unsqueeze(0), {}, {}}).squeeze(0);
    const at::Tensor log_probs = ops::linear_log_probs(
        hidden.narrow(0, 0, scored), model->head_weight(), row.narrow(0, 1, scored));
    sum -= log_probs.sum().item<double>();
    tokens += scored;
  }
  EXPECT_EQ(tokens, reference["nll_tokens"].get<int64_t>());
  EXPECT_NEAR(sum / static_cast<double>(tokens),
              reference["nll_per_token_first20_texts"].get<double>(), 5e-4);
}

}  // namespace
}  // namespace slovo
