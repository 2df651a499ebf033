#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "core/utf8.h"
#include "decode/generator.h"
#include "decode/logits.h"
#include "decode_support.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using Ids = std::vector<TokenId>;

constexpr int64_t kSeed = 11;

DecodeConfig sampling(double temperature, int64_t max_tokens) {
  DecodeConfig config;
  config.temperature = temperature;
  config.max_tokens = max_tokens;
  return config;
}

/// A model that never ends a text by itself, so that lengths are known.
LoadedModel endless_model() {
  LoadedModel model = testing::tiny_model();
  model.eos_ids.clear();
  return model;
}

std::vector<float> last_logits(LoadedModel& model, const Ids& ids) {
  const InferenceGuard guard(model);
  const std::vector<int64_t> wide(ids.begin(), ids.end());
  const at::Tensor hidden =
      model.model->forward({at::tensor(wide, at::kLong).unsqueeze(0), {}, {}});
  const at::Tensor logits = model.model->logits(hidden.select(1, -1)).flatten().to(at::kFloat);
  return {logits.const_data_ptr<float>(), logits.const_data_ptr<float>() + logits.numel()};
}

/// The same completion without a cache: the whole text is computed anew for every token.
Ids recomputed(LoadedModel& model, const DecodeConfig& config, Ids ids, uint64_t prompt) {
  const Sampler sampler(config, kSeed);
  Ids chosen;
  while (static_cast<int64_t>(chosen.size()) < config.max_tokens) {
    chosen.push_back(sampler.sample(last_logits(model, ids), {prompt, 0, chosen.size()}));
    ids.push_back(chosen.back());
  }
  return chosen;
}

const std::vector<std::string> kPrompts = {"The ship left",
                                           "Корабль",
                                           "N",
                                           "The gulls alone followed",
                                           "a",
                                           "No prompt here is as long as this one"};

TEST(Generator, CachedDecodingEqualsFullRecomputation) {
  LoadedModel model = endless_model();
  for (const double temperature : {0.0, 1.0}) {
    const DecodeConfig config = sampling(temperature, 12);
    Generator generator(model, config, kSeed);
    const auto completions = generator.generate(kPrompts);
    ASSERT_EQ(completions.size(), kPrompts.size());
    for (size_t i = 0; i < kPrompts.size(); ++i) {
      EXPECT_EQ(completions[i].ids,
                recomputed(model, config, generator.encode_prompt(kPrompts[i]), i))
          << i;
    }
  }
}

TEST(Generator, TheBatchDoesNotChangeATextNorItsOrder) {
  LoadedModel model = testing::tiny_model();
  DecodeConfig config = sampling(1.0, 15);
  config.num_samples = 3;
  config.batch_size = 1;
  const auto alone = Generator(model, config, kSeed).generate(kPrompts);
  for (const int64_t batch_size : {2, 4, 7, 64}) {
    config.batch_size = batch_size;
    const auto batched = Generator(model, config, kSeed).generate(kPrompts);
    ASSERT_EQ(batched.size(), 3 * kPrompts.size());
    for (size_t i = 0; i < alone.size(); ++i) {
      EXPECT_EQ(batched[i].prompt, i / 3);
      EXPECT_EQ(batched[i].sample, static_cast<int64_t>(i % 3));
      EXPECT_EQ(batched[i].ids, alone[i].ids) << "batch of " << batch_size << ", completion " << i;
      EXPECT_EQ(batched[i].text, alone[i].text);
    }
  }
}

TEST(Generator, SamplesOfAPromptDifferAndTheSeedDecidesThem) {
  LoadedModel model = endless_model();
  DecodeConfig config = sampling(1.5, 10);
  config.num_samples = 2;
  const auto first = Generator(model, config, 1).generate(std::vector<std::string>{"a"});
  const auto again = Generator(model, config, 1).generate(std::vector<std::string>{"a"});
  const auto other = Generator(model, config, 2).generate(std::vector<std::string>{"a"});
  EXPECT_NE(first[0].ids, first[1].ids);
  EXPECT_EQ(first[0].ids, again[0].ids);
  EXPECT_NE(first[0].ids, other[0].ids);
}

TEST(Generator, EndOfTextTokenEndsTheText) {
  LoadedModel model = endless_model();
  const auto free =
      Generator(model, sampling(0, 8), kSeed).generate(std::vector<std::string>{"The ship left"});
  EXPECT_EQ(free[0].finish_reason, FinishReason::length);
  EXPECT_EQ(free[0].ids.size(), 8U);
  model.eos_ids = {free[0].ids[4]};
  const auto ended =
      Generator(model, sampling(0, 8), kSeed).generate(std::vector<std::string>{"The ship left"});
  const auto first = std::ranges::find(free[0].ids, free[0].ids[4]);
  EXPECT_EQ(ended[0].ids, Ids(free[0].ids.begin(), first + 1));
  EXPECT_EQ(ended[0].finish_reason, FinishReason::stop);
}

TEST(Generator, AFullContextEndsTheText) {
  LoadedModel model = endless_model();
  Generator generator(model, sampling(0, 1000), kSeed);
  const std::string prompt = "The ship left the harbour";
  const auto completions = generator.generate(std::vector{prompt});
  EXPECT_EQ(completions[0].ids.size() + generator.encode_prompt(prompt).size(),
            static_cast<size_t>(model.context()));
  EXPECT_EQ(completions[0].finish_reason, FinishReason::length);
}

TEST(Generator, StreamsWholeCharactersThatMakeUpTheText) {
  LoadedModel model = endless_model();
  std::map<size_t, std::string> streamed;
  const auto sink = [&](const Completion& completion, std::string_view piece) {
    EXPECT_TRUE(utf8::is_valid(piece)) << piece;
    EXPECT_FALSE(piece.empty());
    streamed[completion.prompt] += piece;
  };
  const auto completions = Generator(model, sampling(2.0, 30), kSeed).generate(kPrompts, sink);
  for (const Completion& completion : completions) {
    EXPECT_EQ(streamed.at(completion.prompt), completion.text);
  }
}

TEST(Generator, AStopTextIsFoundAcrossTokensAndNotShown) {
  LoadedModel model = endless_model();
  const std::vector<std::string> prompts{"The ship left"};
  const std::string text = Generator(model, sampling(0, 20), kSeed).generate(prompts)[0].text;
  // From the middle of the text: most tokens of this model are one or two bytes, so it spans
  // several.
  const size_t begin = utf8::prefix_bytes(text, utf8::count(text) / 2);
  const size_t end = begin + utf8::prefix_bytes(std::string_view(text).substr(begin), 4);
  DecodeConfig config = sampling(0, 20);
  config.stop = {text.substr(begin, end - begin), "never"};
  std::string streamed;
  const auto completions =
      Generator(model, config, kSeed).generate(prompts, [&](const Completion&, std::string_view p) {
        streamed += p;
      });
  EXPECT_EQ(completions[0].text, text.substr(0, text.find(config.stop[0])));
  EXPECT_EQ(streamed, completions[0].text);
  EXPECT_EQ(completions[0].finish_reason, FinishReason::stop);
  EXPECT_LT(completions[0].ids.size(), 20U);
}

TEST(Generator, LogprobsAreThoseOfTheModelItself) {
  LoadedModel model = endless_model();
  DecodeConfig config = sampling(0.5, 6);
  config.top_k = 3;
  config.logprobs = true;
  Generator generator(model, config, kSeed);
  const auto completions = generator.generate(std::vector<std::string>{"The ship left"});
  Ids ids = generator.encode_prompt("The ship left");
  ASSERT_EQ(completions[0].logprobs.size(), 6U);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(completions[0].logprobs[i],
                log_prob(last_logits(model, ids), completions[0].ids[i]), 1e-4);
    ids.push_back(completions[0].ids[i]);
  }
}

TEST(Generator, AnEmptyPromptIsTheStartToken) {
  LoadedModel model = endless_model();
  EXPECT_EQ(Generator(model, {}, kSeed).encode_prompt(""), Ids{*model.tokenizer->bos_id()});
}

TEST(Generator, APromptWithoutRoomIsRefused) {
  LoadedModel model = endless_model();
  std::string prompt;
  for (int i = 0; i < 60; ++i) prompt += "Q";
  const std::string text = error_of([&] { Generator(model, {}, kSeed).encode_prompt(prompt); });
  EXPECT_TRUE(contains(text, "61 tokens"));
  EXPECT_TRUE(contains(text, "at most 47"));
}

TEST(Generator, IdsWithoutATokenAreNeverDrawn) {
  LoadedModel model = endless_model();
  const auto vocabulary = static_cast<TokenId>(model.tokenizer->vocab_size());
  for (const auto& completion : Generator(model, sampling(50, 40), kSeed).generate(kPrompts)) {
    for (const TokenId id : completion.ids) EXPECT_LT(id, vocabulary);
  }
}

}  // namespace
}  // namespace slovo
