// Against transformers and lm-evaluation-harness: see scripts/make_fixtures_eval.py.
#include <gtest/gtest.h>

#include <cmath>

#include "decode/generator.h"
#include "decode/logits.h"
#include "decode_support.h"
#include "eval/perplexity.h"
#include "eval/score_request.h"

namespace slovo {
namespace {

using testing::expected;

void expect_measures(const Json& want, Protocol protocol) {
  LoadedModel model = testing::tiny_model();
  EvalConfig config;
  config.protocol = protocol;
  config.window = want["window"].get<int64_t>();
  if (want.contains("stride")) config.stride = want["stride"].get<int64_t>();
  if (want.contains("bos")) config.bos = want["bos"].get<bool>() ? AddBos::yes : AddBos::no;
  const TextSource texts = [](const std::function<void(std::string_view)>& take) {
    for (const Json& document : expected()["documents"]) take(document.get<std::string>());
  };
  const Json got = measure_perplexity(model, texts, config).to_json();
  for (const char* count : {"tokens", "documents", "words", "bytes"})
    EXPECT_EQ(got[count], want[count]) << count;
  for (const char* measure : {"nll_per_token", "token_perplexity", "word_perplexity",
                              "byte_perplexity", "bits_per_byte"}) {
    // The word perplexity of this model is over 1e10: a relative error of the NLL grows by its
    // logarithm.
    const double value = want[measure].get<double>();
    EXPECT_NEAR(got[measure].get<double>(), value, 2e-5 * value) << measure;
  }
}

TEST(PerplexityParity, WindowsWithoutOverlap) {
  for (const Json& want : expected()["windows"]) expect_measures(want, Protocol::windows);
}

TEST(PerplexityParity, StridedWindowsOfHuggingFace) {
  for (const Json& want : expected()["strided"]) expect_measures(want, Protocol::strided);
}

TEST(PerplexityParity, RollingOfLmEvaluationHarness) {
  for (const Json& want : expected()["rolling"]) expect_measures(want, Protocol::rolling);
}

TEST(ScoreParity, LoglikelihoodOfLmEvaluationHarness) {
  LoadedModel model = testing::tiny_model();
  for (const AddBos bos : {AddBos::no, AddBos::yes}) {
    bool any_greedy = false;
    for (const Json& line : expected()["score"][to_name(bos)]) {
      const ScoreItem item = read_score_request(line, "fixture", model, bos);
      const Json got = score_result(item, score_tokens(model, std::vector{item}, 1)[0]);
      const double want = line["sum_logprob"].get<double>();
      EXPECT_NEAR(got["sum_logprob"].get<double>(), want, 1e-5 * std::abs(want)) << line;
      EXPECT_EQ(got["is_greedy"], line["is_greedy"]) << line;
      any_greedy = any_greedy || got["is_greedy"].get<bool>();
    }
    EXPECT_TRUE(bos == AddBos::no || any_greedy);
  }
}

TEST(GenerateParity, GreedyTokensOfTransformers) {
  LoadedModel model = testing::tiny_model();
  DecodeConfig config;
  config.temperature = 0;
  config.max_tokens = 20;
  Generator generator(model, config, 1);
  std::vector<std::string> prompts;
  for (const Json& want : expected()["generate"])
    prompts.push_back(want["prompt"].get<std::string>());
  const auto completions = generator.generate(prompts);
  for (size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(Json(completions[i].ids), expected()["generate"][i]["ids"]) << prompts[i];
  }
}

TEST(ProcessorParity, LeaveTheTokensThatTransformersLeaves) {
  const auto logits = expected()["processors"]["logits"].get<std::vector<float>>();
  for (const Json& want : expected()["processors"]["cases"]) {
    DecodeConfig config;
    config.temperature = want["temperature"].get<double>();
    config.top_k = want["top_k"].get<int64_t>();
    config.top_p = want["top_p"].get<double>();
    Candidates candidates;
    for (size_t id = 0; id < logits.size(); ++id)
      candidates.push_back({static_cast<TokenId>(id), logits[id]});
    for (const auto& processor : make_processors(config)) processor->apply(candidates);
    std::ranges::sort(candidates, {}, &Candidate::id);
    double total = 0;
    for (const Candidate& candidate : candidates)
      total += std::exp(static_cast<double>(candidate.logit));
    ASSERT_EQ(candidates.size(), want["ids"].size())
        << want["temperature"] << " " << want["top_k"] << " " << want["top_p"];
    for (size_t i = 0; i < candidates.size(); ++i) {
      EXPECT_EQ(candidates[i].id, want["ids"][i].get<TokenId>());
      EXPECT_NEAR(std::exp(candidates[i].logit) / total, want["probabilities"][i].get<double>(),
                  1e-6);
    }
  }
}

}  // namespace
}  // namespace slovo
