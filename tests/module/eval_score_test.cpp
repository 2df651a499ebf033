#include <gtest/gtest.h>

#include "core/error.h"
#include "decode_support.h"
#include "eval/perplexity.h"
#include "eval/score_request.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

std::vector<ScoreItem> items_of(const LoadedModel& model) {
  std::vector<ScoreItem> items;
  for (const Json& line : testing::expected()["score"]["yes"]) {
    items.push_back(read_score_request(line, "test", model, AddBos::yes));
  }
  items.push_back(read_score_request({{"ids", {5, 4, 3}}}, "test", model, AddBos::automatic));
  return items;
}

TEST(ScoreTokens, DoesNotDependOnTheBatch) {
  LoadedModel model = testing::tiny_model();
  const auto items = items_of(model);
  const auto alone = score_tokens(model, items, 1);
  for (const int64_t batch_size : {2, 3, 100}) {
    const auto batched = score_tokens(model, items, batch_size);
    for (size_t i = 0; i < items.size(); ++i) {
      ASSERT_EQ(batched[i].logprobs.size(),
                items[i].ids.size() - static_cast<size_t>(items[i].first));
      for (size_t t = 0; t < alone[i].logprobs.size(); ++t) {
        EXPECT_NEAR(batched[i].logprobs[t], alone[i].logprobs[t], 1e-5)
            << batch_size << " " << i << " " << t;
      }
      EXPECT_EQ(batched[i].is_greedy, alone[i].is_greedy);
    }
  }
}

TEST(ScoreRequest, IdsAreScoredAfterTheFirst) {
  LoadedModel model = testing::tiny_model();
  const ScoreItem item =
      read_score_request({{"ids", {0, 40, 41}}, {"note", "kept out"}}, "test", model, AddBos::yes);
  EXPECT_EQ(item.ids, (std::vector<TokenId>{0, 40, 41}));
  const Json result = score_result(item, score_tokens(model, std::vector{item}, 1)[0]);
  EXPECT_EQ(result["ids"], Json({40, 41}));
  EXPECT_EQ(result["logprobs"].size(), 2U);
  EXPECT_NEAR(result["sum_logprob"].get<double>(),
              result["logprobs"][0].get<double>() + result["logprobs"][1].get<double>(), 1e-12);
  EXPECT_TRUE(result["is_greedy"].is_boolean());
}

TEST(ScoreRequest, WhiteSpaceAtTheContextsEndGoesToTheContinuation) {
  const LoadedModel model = testing::tiny_model();
  const auto request = [&](const char* context, const char* continuation) {
    return read_score_request({{"context", context}, {"continuation", continuation}}, "test", model,
                              AddBos::no);
  };
  const ScoreItem moved = request("The ship ", "left");
  const ScoreItem plain = request("The ship", " left");
  EXPECT_EQ(moved.ids, plain.ids);
  EXPECT_EQ(moved.first, plain.first);
  EXPECT_EQ(request(" ", "left").ids.front(), *model.tokenizer->bos_id());
}

TEST(ScoreRequest, MistakesAreNamedWithTheirPlace) {
  const LoadedModel model = testing::tiny_model();
  const auto problem = [&](const char* line) {
    return error_of(
        [&] { read_score_request(parse_json(line, "x"), "f.jsonl:3", model, AddBos::automatic); });
  };
  EXPECT_TRUE(contains(problem(R"({"context": "a"})"), "f.jsonl:3: \"continuation\" is missing"));
  EXPECT_TRUE(contains(problem(R"({"context": 1, "continuation": "a"})"), "\"context\" is number"));
  EXPECT_TRUE(contains(problem(R"([1])"), "each line needs"));
  EXPECT_TRUE(contains(problem(R"({"ids": [1, 340]})"), "ids[1] is 340"));
  EXPECT_TRUE(contains(problem(R"({"ids": [1, 2.5]})"), "ids[1] is 2.5"));
  EXPECT_TRUE(contains(problem(R"({"ids": [1]})"), "at least two"));
  EXPECT_TRUE(contains(problem(R"({"ids": "1 2"})"), "\"ids\" is string"));
  EXPECT_TRUE(contains(problem(R"({"ids": [1, 2], "context": "a"})"), "one of the two"));
  EXPECT_TRUE(contains(problem(R"({"context": "a", "continuation": ""})"), "nothing to score"));
  Json line{{"ids", std::vector<int>(50, 3)}};
  EXPECT_TRUE(contains(error_of([&] { read_score_request(line, "f:1", model, AddBos::no); }),
                       "has 50 tokens"));
  line["ids"] = std::vector<int>(49, 3);
  EXPECT_EQ(read_score_request(line, "f:1", model, AddBos::no).ids.size(), 49U);
}

TextSource texts(std::vector<std::string> documents) {
  return [documents](const std::function<void(std::string_view)>& take) {
    for (const std::string& document : documents) take(document);
  };
}

TEST(Perplexity, DoesNotDependOnTheBatch) {
  LoadedModel model = testing::tiny_model();
  EvalConfig config;
  config.window = 8;
  const TextSource source = texts(testing::expected()["documents"].get<std::vector<std::string>>());
  config.batch_size = 1;
  const Perplexity alone = measure_perplexity(model, source, config);
  config.batch_size = 16;
  const Perplexity batched = measure_perplexity(model, source, config);
  EXPECT_EQ(batched.tokens, alone.tokens);
  EXPECT_NEAR(batched.nll_per_token(), alone.nll_per_token(), 1e-6);
}

TEST(Perplexity, SaysWhatItMeasured) {
  LoadedModel model = testing::tiny_model();
  EvalConfig config;
  config.window = 8;
  config.stride = 4;
  const Json result =
      measure_perplexity(model, texts({"The ship left the harbour"}), config).to_json();
  EXPECT_EQ(result["protocol"], "strided");
  EXPECT_EQ(result["window"], 8);
  EXPECT_EQ(result["stride"], 4);
  EXPECT_EQ(result["bos"], "<s>");
  config.bos = AddBos::no;
  EXPECT_TRUE(measure_perplexity(model, texts({"The ship"}), config).to_json()["bos"].is_null());
}

TEST(Perplexity, RefusesWhatCannotBeMeasured) {
  LoadedModel model = testing::tiny_model();
  EvalConfig config;
  config.bos = AddBos::no;
  EXPECT_TRUE(contains(error_of([&] { measure_perplexity(model, texts({"a"}), config); }),
                       "no token to score"));
  config.protocol = Protocol::rolling;
  EXPECT_TRUE(
      contains(error_of([&] { measure_perplexity(model, texts({"a"}), config); }), "eval.bos=no"));
}

}  // namespace
}  // namespace slovo
