// What config files and flags may say: single fields, unknown names, where problems are reported.
#include "config/config.h"

#include "config/load.h"
#include "testing.h"

namespace slovo {
namespace {

using testing::contains;
using testing::error_of;
using testing::TempFolder;

/// The error that a config file with this text gives.
std::string file_error(const std::string& text) {
  const TempFolder folder;
  ConfigBuilder builder;
  builder.apply_file(folder.write("x.json", text));
  return error_of([&] { builder.finish(config_sections()); }, ErrorCode::config);
}

std::string words_error(const std::string& key, const std::string& word) {
  ConfigBuilder builder;
  builder.apply_words(key, {word});
  return error_of([&] { builder.finish(config_sections()); }, ErrorCode::config);
}

TEST(ConfigFile, ValuesAndCommentsAreRead) {
  const TempFolder folder;
  ConfigBuilder builder;
  builder.apply_file(folder.write("x.json", R"({
    // the model
    "model": {"hidden_size": 64, "num_key_value_heads": 2, "norm": "layer", "qk_norm": true},
    "train": {"lr": 1, "steps": 1e3, "sample_prompts": "Once"}  // 1e3 is whole
  })"));
  builder.finish(config_sections());
  EXPECT_EQ(64, builder.config().model.hidden_size);
  EXPECT_EQ(2, builder.config().model.key_value_heads());
  EXPECT_EQ(Norm::layer, builder.config().model.norm);
  EXPECT_TRUE(builder.config().model.qk_norm);
  EXPECT_EQ(1.0, builder.config().train.lr);
  EXPECT_EQ(1000, builder.config().train.steps);
  EXPECT_EQ(std::vector<std::string>{"Once"}, builder.config().train.sample_prompts)
      << "one value is a list of one";
}

TEST(ConfigFile, WrongTypesNameFileKeyValueAndRange) {
  EXPECT_TRUE(contains(file_error(R"({"train": {"steps": 7.5}})"),
                       "x.json: train.steps is 7.5; must be an integer >= 1"));
  EXPECT_TRUE(contains(file_error(R"({"train": {"lr": "fast"}})"),
                       "x.json: train.lr is \"fast\"; must be a number > 0"));
  EXPECT_TRUE(contains(file_error(R"({"train": {"beta1": 1}})"),
                       "train.beta1 is 1; must be a number from 0 to 0.99"));
  EXPECT_TRUE(contains(file_error(R"({"model": {"norm": "batch"}})"),
                       "model.norm is \"batch\"; must be one of rms, layer"));
  EXPECT_TRUE(contains(file_error(R"({"model": {"qk_norm": 1}})"),
                       "model.qk_norm is 1; must be true or false"));
  EXPECT_TRUE(
      contains(file_error(R"({"data": {"paths": [1]}})"), "data.paths is 1; must be a string"));
  EXPECT_TRUE(
      contains(file_error(R"({"model": 3})"), "x.json: model is 3; must be an object of settings"));
  EXPECT_TRUE(
      contains(file_error("[]"), "x.json: is []; must be an object of sections: run, model"));
  EXPECT_TRUE(contains(file_error(R"({"train": {"steps": 18446744073709551615}})"),
                       "must be an integer >= 1"));
}

TEST(ConfigFile, UnknownNamesGetTheNearestOne) {
  EXPECT_TRUE(contains(file_error(R"({"modle": {}})"),
                       "x.json: modle is not a section (did you mean \"model\"?)"));
  EXPECT_TRUE(contains(file_error(R"({"train": {"warmup": 3, "stepz": 1}})"),
                       "train.stepz is not a setting (did you mean \"steps\"?)"));
  EXPECT_TRUE(contains(file_error(R"({"eval": {"zzzzzz": 3}})"),
                       "eval.zzzzzz is not a setting; eval has protocol, window, stride"));
}

TEST(ConfigFile, MissingDamagedAndContradictoryFiles) {
  ConfigBuilder builder;
  builder.apply_file("/nowhere/x.json");
  builder.apply_words("train.steps", {"0"});
  const std::string message = error_of([&] { builder.finish({}); }, ErrorCode::config);
  EXPECT_TRUE(contains(message, "/nowhere/x.json: cannot open")) << "reported with the others";
  EXPECT_TRUE(contains(message, "command line: train.steps is 0"));
  EXPECT_TRUE(contains(file_error("{\n\"model\": {,}}"), "line 2, column 11"));
  EXPECT_TRUE(
      contains(file_error(R"({"train": {"lr": 1, "lr": 2}})"), "key \"lr\" is given twice"));
}

TEST(ConfigWords, BecomeWhatTheFieldIs) {
  ConfigBuilder builder;
  builder.apply_words("train.lr", {".5"});
  builder.apply_words("train.steps", {"1e3"});
  builder.apply_words("model.qk_norm", {"true"});
  builder.apply_words("data.text_field", {"123"});
  builder.apply_words("data.paths", {"a.txt", "[b].txt=0.3"});
  builder.apply_words("decode.stop", {R"(["\n", "x"])"});
  builder.apply_words("train.min_lr", {"0.1"});
  builder.apply_words("train.min_lr", {"null"});
  builder.finish(config_sections());
  EXPECT_EQ(0.5, builder.config().train.lr);
  EXPECT_EQ(1000, builder.config().train.steps);
  EXPECT_TRUE(builder.config().model.qk_norm);
  EXPECT_EQ("123", builder.config().data.text_field);
  EXPECT_EQ((std::vector<std::string>{"a.txt", "[b].txt=0.3"}), builder.config().data.paths);
  EXPECT_EQ((std::vector<std::string>{"\n", "x"}), builder.config().decode.stop);
  EXPECT_FALSE(builder.config().train.min_lr.has_value());
}

TEST(ConfigWords, ProblemsNameTheFlag) {
  EXPECT_EQ("command line: train.steps is \"many\"; must be an integer >= 1",
            words_error("train.steps", "many"));
  EXPECT_EQ("command line: train.lr is \"inf\"; must be a number > 0",
            words_error("train.lr", "inf"));
  EXPECT_EQ("command line: decode.top_k (--top-k) is -1; must be an integer >= 0",
            words_error("decode.top_k", "-1"));
  EXPECT_EQ("command line: model.qk_norm is \"yes\"; must be true or false",
            words_error("model.qk_norm", "yes"));
}

TEST(ConfigLayers, FlagsWinOverFilesOverTheBase) {
  ConfigBuilder builder;
  builder.apply_base({{"train", {{"lr", 1}, {"steps", 1}, {"batch_size", 1}}}}, "run.json");
  builder.apply_json({{"train", {{"lr", 2}, {"steps", 2}}}}, "x.json");
  builder.apply_words("train.steps", {"3"});
  builder.finish(config_sections());
  EXPECT_EQ(1, builder.config().train.batch_size);
  EXPECT_EQ(2, builder.config().train.lr);
  EXPECT_EQ(3, builder.config().train.steps);
  EXPECT_EQ("command line", builder.source("train.steps"));
  EXPECT_EQ("x.json", builder.source("train.lr"));
  EXPECT_EQ("", builder.source("train.batch_size")) << "the base is not what the user gave";
  EXPECT_TRUE(builder.given("train"));
  EXPECT_FALSE(builder.given("train.batch_size"));
  EXPECT_FALSE(builder.given("model"));
}

TEST(ConfigResolved, LoadsBackToTheSame) {
  RunConfig config;
  config.model.head_dim = 24;
  config.train.lr = 3e-4;
  config.data.paths = {"a b", "\"quoted\""};
  config.run.log_level = LogLevel::debug;
  ConfigBuilder builder;
  builder.apply_json(resolved_json(config, config_sections()), "run.json");
  builder.finish({});
  EXPECT_TRUE(differences(config, builder.config(), config_sections()).empty());
  EXPECT_EQ(resolved_json(config, config_sections()).dump(),
            resolved_json(builder.config(), config_sections()).dump());
}

TEST(ConfigDifferences, NameKeysAndBothValues) {
  RunConfig before;
  RunConfig after;
  after.train.steps = 7;
  after.model.num_key_value_heads = 2;
  const auto found = differences(before, after, config_sections());
  ASSERT_EQ(2u, found.size());
  EXPECT_EQ("model.num_key_value_heads", found[0].key);
  EXPECT_TRUE(found[0].before.is_null());
  EXPECT_EQ(2, found[0].after);
  EXPECT_EQ("train.steps", found[1].key);
  EXPECT_TRUE(differences(before, after, {"data"}).empty());
}

TEST(ConfigFields, AreWellDeclared) {
  RunConfig config;
  std::vector<std::string> seen;
  for (const FieldRef& field : config_fields(config, config_sections())) {
    EXPECT_FALSE(field.help.empty()) << field.key();
    EXPECT_NE('.', field.help.back()) << field.key();
    EXPECT_EQ("", field.assign(field.value())) << field.key() << ": its default is not legal";
    std::vector<std::string> names = field.aliases;
    names.push_back("--" + field.key());
    for (const auto& name : names) {
      EXPECT_EQ(0, std::count(seen.begin(), seen.end(), name)) << name << " is declared twice";
      seen.push_back(name);
    }
  }
}

}  // namespace
}  // namespace slovo
