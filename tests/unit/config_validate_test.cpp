// Each rule between fields: what it says, and that legal neighbours pass.
#include <algorithm>

#include "config/load.h"
#include "config/validate.h"
#include "testing.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;

std::string conflicts_of(const RunConfig& config) {
  std::vector<std::string> texts;
  for (const Conflict& conflict : find_conflicts(config, config_sections()))
    texts.push_back(conflict.text);
  return join(texts, "\n");
}

TEST(Validate, DefaultsFit) { EXPECT_EQ("", conflicts_of(RunConfig())); }

TEST(Validate, HeadsDivideTheWidth) {
  RunConfig config;
  config.model.hidden_size = 512;
  config.model.num_attention_heads = 7;
  EXPECT_EQ(
      "model.num_attention_heads=7 does not divide model.hidden_size=512; use 8, 4, 2, 1, or set "
      "model.head_dim",
      conflicts_of(config));
  config.model.head_dim = 64;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, KeyValueHeadsDivideHeads) {
  RunConfig config;
  config.model.num_attention_heads = 8;
  config.model.num_key_value_heads = 3;
  EXPECT_EQ(
      "model.num_key_value_heads=3 does not divide model.num_attention_heads=8; use 8, 4, 2, 1",
      conflicts_of(config));
  config.model.num_key_value_heads = 2;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, RotationNeedsEvenHeads) {
  RunConfig config;
  config.model.hidden_size = 60;
  config.model.num_attention_heads = 4;
  EXPECT_TRUE(contains(conflicts_of(config),
                       "model.position=rope rotates pairs, but the heads have size 15"));
  config.model.position = Position::learned;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, MicroBatchDividesBatch) {
  RunConfig config;
  config.train.batch_size = 12;
  config.train.micro_batch_size = 5;
  EXPECT_EQ("train.micro_batch_size=5 does not divide train.batch_size=12; use 6, 4, 3, 2, 1",
            conflicts_of(config));
  config.train.micro_batch_size = 4;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, WarmUpFitsIntoTheRun) {
  RunConfig config;
  config.train.steps = 50;
  EXPECT_EQ("", conflicts_of(config)) << "the default warm-up follows the steps";
  config.train.warmup_steps = 51;
  EXPECT_EQ("train.warmup_steps=51 is more than train.steps=50; use at most 50",
            conflicts_of(config));
  config.train.epochs = 3;
  EXPECT_EQ("", conflicts_of(config)) << "epochs decide the steps later";
}

TEST(Validate, FinalRateIsNotAboveTheHighest) {
  RunConfig config;
  config.train.lr = 1e-3;
  config.train.min_lr = 2e-3;
  EXPECT_EQ("train.min_lr=0.002 is more than train.lr=0.001; use at most 0.001",
            conflicts_of(config));
  config.train.min_lr = 1e-3;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, ABatchGrowsFromItsStartInSomeSteps) {
  RunConfig config;
  config.train.batch_size = 12;
  config.train.batch_start = 4;
  EXPECT_EQ("train.batch_start=4 needs train.batch_ramp_steps, the steps in which it grows",
            conflicts_of(config));
  config.train.batch_ramp_steps = 100;
  EXPECT_EQ("", conflicts_of(config));
  config.train.micro_batch_size = 3;
  EXPECT_EQ("train.micro_batch_size=3 does not divide train.batch_start=4; use a multiple of it",
            conflicts_of(config));
  config.train.batch_start = 15;
  EXPECT_EQ("train.batch_start=15 is more than train.batch_size=12; use at most that",
            conflicts_of(config));
  config.train.batch_start.reset();
  EXPECT_EQ("train.batch_ramp_steps=100 needs train.batch_start, the rows of the first step",
            conflicts_of(config));
}

TEST(Validate, DecayStepsAreOfWsd) {
  RunConfig config;
  config.train.decay_steps = 100;
  EXPECT_EQ("train.decay_steps=100 is for train.schedule=wsd, not for cosine",
            conflicts_of(config));
  config.train.schedule = Schedule::wsd;
  EXPECT_EQ("", conflicts_of(config));
  config.train.decay_steps = 1001;
  EXPECT_EQ("train.decay_steps=1001 is more than train.steps=1000; use at most 1000",
            conflicts_of(config));
}

TEST(Validate, SettingsOfOtherUpdateRulesAreRefused) {
  RunConfig config;
  config.train.momentum = 0.8;
  EXPECT_EQ("train.momentum=0.8 has no meaning for train.optimizer=adamw; it is for muon and sgd",
            conflicts_of(config));
  config.train.optimizer = OptimizerKind::muon;
  config.train.muon_variance = true;
  config.train.base_width = 64;
  config.train.beta2 = 0.9;
  config.train.cautious_decay = true;
  EXPECT_EQ("", conflicts_of(config));
  config.train.optimizer = OptimizerKind::sgd;
  const std::string found = conflicts_of(config);
  for (const char* key : {"beta2=0.9", "cautious_decay=true", "base_width=64"}) {
    EXPECT_TRUE(contains(found, cat("train.", key,
                                    " has no meaning for train.optimizer=sgd; it "
                                    "is for adamw, muon and lion")));
  }
  EXPECT_TRUE(contains(found,
                       "train.muon_variance=true has no meaning for train.optimizer=sgd; "
                       "it is for muon"));
}

TEST(Validate, AHeadsRateNeedsAHead) {
  RunConfig config;
  config.train.head_lr_scale = 0.5;
  EXPECT_TRUE(contains(conflicts_of(config),
                       "train.head_lr_scale=0.5 needs a head of its own, but "
                       "model.tie_word_embeddings=true; use train.embedding_lr_scale"));
  config.model.tie_word_embeddings = false;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, RatesThatSuitTheRuleWhenUnset) {
  TrainConfig train;
  EXPECT_EQ(1e-3, train.highest_lr());
  EXPECT_EQ(0.1, train.decay());
  EXPECT_EQ(0.95, train.second_beta());
  train.optimizer = OptimizerKind::lion;
  EXPECT_EQ(1e-4, train.highest_lr());
  EXPECT_EQ(1, train.decay());
  EXPECT_EQ(0.99, train.second_beta());
  train.optimizer = OptimizerKind::sgd;
  EXPECT_EQ(0.1, train.highest_lr());
  EXPECT_EQ(0, train.decay());
  EXPECT_EQ(0.9, train.momentum_decay());
  train.optimizer = OptimizerKind::muon;
  EXPECT_EQ(0.95, train.momentum_decay());
  train.lr = 2e-3;
  EXPECT_EQ(2e-4, train.final_lr());
}

TEST(Validate, RowsFitIntoTheContext) {
  RunConfig config;
  config.model.max_position_embeddings = 128;
  EXPECT_TRUE(contains(conflicts_of(config),
                       "data.seq_len=256 is more than model.max_position_embeddings=128"));
  config.data.seq_len = 128;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, VocabularyHoldsTheTokenizer) {
  RunConfig config;
  config.model.vocab_size = 1000;
  EXPECT_TRUE(contains(conflicts_of(config),
                       "model.vocab_size=1000 is less than tokenizer.vocab_size=4096"));
  config.tokenizer.kind = TokenizerKind::character;
  EXPECT_EQ("", conflicts_of(config)) << "how many characters there are is not known yet";
}

TEST(Validate, WindowsLeaveNoGap) {
  RunConfig config;
  config.eval.window = 64;
  config.eval.stride = 65;
  EXPECT_TRUE(contains(conflicts_of(config), "eval.stride=65 is more than eval.window=64"));
  config.eval.stride = 64;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, EveryConflictNamesItsKeysInTheText) {
  RunConfig config;
  config.model.num_attention_heads = 7;
  config.model.max_position_embeddings = 3;
  config.model.vocab_size = 1;
  config.train.micro_batch_size = 5;
  config.train.warmup_steps = 5000;
  config.train.min_lr = 9;
  config.eval.window = 2;
  config.eval.stride = 3;
  const auto found = find_conflicts(config, config_sections());
  EXPECT_EQ(7u, found.size());
  for (const Conflict& conflict : found) {
    for (const auto& key : conflict.keys) EXPECT_TRUE(contains(conflict.text, key));
  }
}

TEST(Validate, AdaptersNeedARank) {
  RunConfig config;
  config.lora.base = LoraBase::nf4;
  EXPECT_EQ(
      "lora.base=nf4 has no meaning without adapters; give lora.rank, the rank they are to have "
      "(8, "
      "16, ...)",
      conflicts_of(config));
  config.lora = {};
  config.lora.dropout = 0.1;
  config.lora.targets = {"q_proj", "v_proj"};
  config.lora.rslora = config.lora.dora = true;
  for (const char* key :
       {"lora.dropout=0.1", "lora.targets=q_proj, v_proj", "lora.rslora=true", "lora.dora=true"}) {
    EXPECT_TRUE(contains(conflicts_of(config), key));
  }
  config.lora.rank = 8;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, DftTakesNoLabelSmoothing) {
  RunConfig config;
  config.sft.loss = TokenLoss::dft;
  EXPECT_EQ("", conflicts_of(config));
  config.train.label_smoothing = 0.1;
  EXPECT_EQ(
      "train.label_smoothing=0.1 spreads a token's weight over all tokens, but sft.loss=dft weighs "
      "a token by its own probability; use train.label_smoothing=0, or sft.loss=cross_entropy",
      conflicts_of(config));
  config.sft.loss = TokenLoss::cross_entropy;
  EXPECT_EQ("", conflicts_of(config));
}

TEST(Validate, ARecordedPassDrawsNothing) {
  RunConfig config;
  config.train.cuda_graph = true;
  EXPECT_EQ("", conflicts_of(config));
  config.sft.neftune_alpha = 5;
  config.lora.rank = 8;
  config.lora.dropout = 0.1;
  config.distill.teacher = "teacher";
  EXPECT_EQ(
      "train.cuda_graph=true replays one recorded pass, but sft.neftune_alpha draws other noise in "
      "each; use train.cuda_graph=false\n"
      "train.cuda_graph=true replays one recorded pass, but lora.dropout drops other inputs in "
      "each; use train.cuda_graph=false\n"
      "train.cuda_graph=true replays one recorded pass, but distill.teacher measures a divergence "
      "beside it; use train.cuda_graph=false",
      conflicts_of(config));
}

TEST(Validate, ATeacherNeedsAWeight) {
  RunConfig config;
  config.distill.weight = 0;
  EXPECT_EQ("", conflicts_of(config));
  config.distill.teacher = "teacher";
  EXPECT_EQ(
      "distill.weight=0 learns nothing from distill.teacher; leave the teacher out, or use a "
      "weight "
      "above 0",
      conflicts_of(config));
}

TEST(Validate, OnlyTheCommandsSectionsAreJudged) {
  RunConfig config;
  config.model.num_attention_heads = 7;
  EXPECT_TRUE(find_conflicts(config, {"run", "decode"}).empty());
}

TEST(Validate, ALineIsLedByWhoGaveTheValue) {
  ConfigBuilder builder;
  builder.apply_json({{"model", {{"hidden_size", 100}}}, {"train", {{"batch_size", 9}}}}, "x.json");
  builder.apply_words("model.num_attention_heads", {"3"});
  builder.apply_words("data.seq_len", {"1"});
  builder.apply_json({{"train", {{"micro_batch_size", 2}}}}, "x.json");
  const std::string message = error_of([&] { builder.finish(config_sections()); });
  EXPECT_TRUE(contains(message, "command line: model.num_attention_heads=3"));
  EXPECT_TRUE(contains(message, "x.json: train.micro_batch_size=2"));
  EXPECT_TRUE(contains(message, "command line: data.seq_len is 1"));
  EXPECT_EQ(2, std::count(message.begin(), message.end(), '\n')) << "three problems, three lines";
}

TEST(Validate, NoRuleIsTriedOnARefusedValue) {
  ConfigBuilder builder;
  builder.apply_words("model.hidden_size", {"wide"});
  builder.apply_words("model.num_attention_heads", {"7"});
  const std::string message = error_of([&] { builder.finish(config_sections()); });
  EXPECT_EQ("command line: model.hidden_size is \"wide\"; must be an integer >= 1", message);
}

}  // namespace
}  // namespace slovo
