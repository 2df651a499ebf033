#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/files.h"
#include "decode_support.h"

namespace slovo {
namespace {

using test::error_text;
using test::holds;

/// A copy of the tiny model's folder that a test may change; removed at the end.
class ModelCopy {
 public:
  explicit ModelCopy(const std::string& name)
      : path_(std::filesystem::path(testing::TempDir()) / name) {
    std::filesystem::remove_all(path_);
    std::filesystem::copy(test::eval_fixture(), path_);
  }
  ~ModelCopy() { std::filesystem::remove_all(path_); }
  ModelCopy(const ModelCopy&) = delete;
  ModelCopy& operator=(const ModelCopy&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void change(const std::string& file, const std::string& key, const Json& value) const {
    Json json = read_json(path_ / file);
    json[key] = value;
    write_json(path_ / file, json);
  }

 private:
  std::filesystem::path path_;
};

TEST(LoadedModel, KeepsTheFoldersDtypeUnlessToldOtherwise) {
  EXPECT_EQ(test::tiny_model().dtype(), at::kFloat);
  RuntimeConfig run;
  run.dtype = DType::bf16;
  EXPECT_EQ(load_for_inference(test::eval_fixture(), run).dtype(), at::kBFloat16);
}

TEST(LoadedModel, TextsEndWithTheTokensOfGenerationConfigAndTokenizer) {
  const ModelCopy copy("slovo_eos");
  copy.change("generation_config.json", "eos_token_id", Json::array({7, 9, 7}));
  const LoadedModel model = load_for_inference(copy.path(), {});
  EXPECT_EQ(model.eos_ids, (std::vector<TokenId>{1, 7, 9}));
  EXPECT_TRUE(model.is_eos(9));
  EXPECT_FALSE(model.is_eos(8));
}

TEST(LoadedModel, ATokenizerWithMoreTokensThanTheModelIsRefused) {
  const ModelCopy copy("slovo_vocabulary");
  Json tokenizer = read_json(copy.path() / "tokenizer.json");
  Json added = tokenizer["added_tokens"][0];
  added["id"] = 340;
  added["content"] = "<extra>";
  tokenizer["added_tokens"].push_back(added);
  write_json(copy.path() / "tokenizer.json", tokenizer);
  const std::string text = error_text([&] { load_for_inference(copy.path(), {}); });
  EXPECT_TRUE(holds(text, "341 tokens"));
  EXPECT_TRUE(holds(text, "vocab_size is 340"));
}

TEST(LoadedModel, KnowsHowTextsBegin) {
  const LoadedModel model = test::tiny_model();
  EXPECT_TRUE(adds_bos(*model.tokenizer));
  EXPECT_EQ(start_token(*model.tokenizer), model.tokenizer->find("<s>"));
}

}  // namespace
}  // namespace slovo
