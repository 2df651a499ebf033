#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "decode_support.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

/// A copy of the tiny model's folder that a test may change.
class ModelCopy {
 public:
  ModelCopy() { std::filesystem::copy(testing::fixture("eval"), folder_.path()); }

  const std::filesystem::path& path() const { return folder_.path(); }
  void change(const std::string& file, const std::string& key, const Json& value) const {
    Json json = read_json(path() / file);
    json[key] = value;
    write_json(path() / file, json);
  }

 private:
  testing::TempFolder folder_;
};

TEST(LoadedModel, KeepsTheFoldersDtypeUnlessToldOtherwise) {
  EXPECT_EQ(testing::tiny_model().dtype(), at::kFloat);
  RuntimeConfig run;
  run.dtype = DType::bf16;
  EXPECT_EQ(load_for_inference(testing::fixture("eval"), run).dtype(), at::kBFloat16);
}

TEST(LoadedModel, TextsEndWithTheTokensOfGenerationConfigAndTokenizer) {
  const ModelCopy copy;
  copy.change("generation_config.json", "eos_token_id", Json::array({7, 9, 7}));
  const LoadedModel model = load_for_inference(copy.path(), {});
  EXPECT_EQ(model.eos_ids, (std::vector<TokenId>{1, 7, 9}));
  EXPECT_TRUE(model.is_eos(9));
  EXPECT_FALSE(model.is_eos(8));
}

TEST(LoadedModel, ATokenizerWithMoreTokensThanTheModelIsRefused) {
  const ModelCopy copy;
  Json tokenizer = read_json(copy.path() / "tokenizer.json");
  Json added = tokenizer["added_tokens"][0];
  added["id"] = 340;
  added["content"] = "<extra>";
  tokenizer["added_tokens"].push_back(added);
  write_json(copy.path() / "tokenizer.json", tokenizer);
  const std::string text = error_of([&] { load_for_inference(copy.path(), {}); });
  EXPECT_TRUE(contains(text, "341 tokens"));
  EXPECT_TRUE(contains(text, "vocab_size is 340"));
}

TEST(LoadedModel, KnowsHowTextsBegin) {
  const LoadedModel model = testing::tiny_model();
  EXPECT_TRUE(adds_bos(*model.tokenizer));
  EXPECT_EQ(start_token(*model.tokenizer), model.tokenizer->find("<s>"));
}

}  // namespace
}  // namespace slovo
