// `slovo sft` from the shell: a tiny model learns to answer, and what is said of data that does not
// fit.
#include <signal.h>

#include <chrono>
#include <cstring>
#include <map>
#include <set>
#include <thread>

#include "tiny_commands.h"

namespace slovo::testing {
namespace {

namespace fs = std::filesystem;

/// Who does what, as chats: the second word of the question has the answer.
std::string tiny_chats(size_t count) {
  const Words who = {"the cat", "a dog", "my bird", "old Anna"};
  const Words does = {"sees", "likes", "finds", "calls"};
  const Words what = {"the moon", "a red ball", "the river", "some bread"};
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    const std::string question = cat(what[i / 16 % 4], " ", does[i % 4], " ", what[i / 4 % 4], ".");
    const Json chat = {{"messages",
                        {{{"role", "user"}, {"content", question}},
                         {{"role", "assistant"}, {"content", who[i % 4]}}}},
                       {"kind", does[i % 4]}};
    out += chat.dump() + "\n";
  }
  return out;
}

/// The bytes of each tensor of a model file.
std::map<std::string, std::string> tensors(const std::string& file) {
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  const size_t begin = sizeof length + length;
  std::map<std::string, std::string> out;
  const Json header = parse_json(file.substr(sizeof length, length), "header");
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const size_t from = entry["data_offsets"][0];
    out[name] = file.substr(begin + from, entry["data_offsets"][1].get<size_t>() - from);
  }
  return out;
}

class Sft : public TinyCommands {
 protected:
  void SetUp() override {
    base_ = folder_ / "base";
    run(pretrain("base", {"--train.steps", "20", "--data.seq_len", "32",
                          "--model.max_position_embeddings", "160"}));
  }

  Words sft(const std::string& out, const Words& more = {}) {
    Words words = {"sft",  "--model",    base_,         "--data",
                   chats_, "--out",      folder_ / out, "--threads",
                   "1",    "--train.lr", "1e-2",        "--train.batch_size",
                   "4"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  std::string base_;
  std::string chats_ = folder_.write("chats.jsonl", tiny_chats(64));
};

TEST_F(Sft, LearnsToAnswerAndToStop) {
  const RunResult result = run(sft("chat", {"--train.epochs", "12"}));
  EXPECT_TRUE(contains(result.out, "try it: slovo generate --model "));
  EXPECT_TRUE(contains(result.err, "2 tokens of the chat template are new to the model"));
  const auto answers = json_lines(
      run({"generate", "--model", folder_ / "chat", "--chat", "--temperature", "0", "--json",
           "the moon sees some bread.", "the river likes the moon.", "--threads", "1"})
          .out);
  ASSERT_EQ(2U, answers.size());
  for (const Json& answer : answers) {
    EXPECT_EQ("stop", answer["finish_reason"]) << answer["text"];
  }
  const Json generation = read_json(folder_.path() / "chat/model/generation_config.json");
  EXPECT_EQ(2U, generation["eos_token_id"].size()) << "the end of a turn, and of a text";
  EXPECT_TRUE(fs::exists(folder_.path() / "chat/model/chat_template.jinja"));
}

TEST_F(Sft, TellsWhatBecameOfEachFile) {
  const std::string messy = folder_.write(
      "messy.jsonl",
      tiny_chats(3) + tiny_chats(1) + "{\"messages\": []}\n{broken\n\n" +
          R"({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": ")" +
          std::string(200, 'a') + "\"}]}\n");
  Words words = {"sft", "--model",        base_,    "--data",
                 messy, "--dry-run",      "--json", "--data.valid_share",
                 "0",   "--data.seq_len", "96"};
  const std::string err = refused(words);
  EXPECT_TRUE(
      contains(err,
               "messy.jsonl:5: the assistant says nothing in it, so there is nothing to learn; "
               "--data.on_error skip leaves such rows out"));
  words.insert(words.end(), {"--data.on_error", "skip"});
  const RunResult result = run_slovo(words);
  ASSERT_EQ(0, result.exit_code) << result.err;
  const Json summary = json_lines(result.out).at(0);
  const Json& file = summary["files"][0];
  EXPECT_EQ("messages", file["format"]);
  EXPECT_EQ(7, file["rows"]);
  EXPECT_EQ(3, file["examples"]);
  EXPECT_EQ(2, file["skipped"]);
  EXPECT_EQ(1, file["duplicates"]);
  EXPECT_EQ(1, file["too_long"]);
  EXPECT_EQ(2U, summary["problems"].size());
  EXPECT_GT(file["supervised_tokens"].get<int64_t>(), 0);
  EXPECT_LT(file["supervised_tokens"].get<int64_t>(), file["tokens"].get<int64_t>());
  EXPECT_TRUE(contains(result.err, "left out: "));
  EXPECT_FALSE(fs::exists(folder_.path() / "runs"));
}

TEST_F(Sft, ShowsWhatIsLearned) {
  const RunResult shown = run({"sft", "--model", base_, "--data", chats_, "--show-mask", "1"});
  EXPECT_TRUE(contains(shown.out, "<|im_start|>assistant\n⟦"));
  EXPECT_TRUE(contains(shown.out, "<|im_end|>⟧\n"));
  const auto lines = json_lines(
      run({"sft", "--model", base_, "--data", chats_, "--show-mask", "2", "--json"}).out);
  ASSERT_EQ(2U, lines.size());
  EXPECT_EQ(lines[0]["ids"].size(), lines[0]["weights"].size());
}

TEST_F(Sft, TooLongExamplesAreLeftOutCutOrDivided) {
  const std::string longer = folder_.write(
      "long.jsonl", R"({"prompt": "abc", "completion": ")" + std::string(150, 'a') + "\"}\n" +
                        R"({"prompt": "a", "completion": "the cat"})" + "\n");
  const auto examples = [&](const std::string& what) {
    const Json summary =
        json_lines(run({"sft", "--model", base_, "--data", longer, "--dry-run", "--json",
                        "--data.seq_len", "64", "--sft.too_long", what, "--data.valid_share", "0"})
                       .out)
            .at(0);
    EXPECT_EQ(1, summary["files"][0]["too_long"]);
    return summary["files"][0]["examples"].get<int64_t>();
  };
  EXPECT_EQ(1, examples("drop"));
  EXPECT_EQ(2, examples("truncate"));
  EXPECT_EQ(4, examples("split"));
}

TEST_F(Sft, AKilledRunResumesToTheSameBits) {
  const Words often = {"--train.checkpoint_every", "3", "--train.epochs", "40",
                       "--train.keep_best=false"};
  run(sft("whole", often));
  const int process = start_slovo(sft("cut", often));
  const fs::path metrics = folder_.path() / "cut/metrics.jsonl";
  for (int i = 0; i < 4000 && !has_checkpoint("cut"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(128 + SIGKILL, finish_slovo(process, SIGKILL)) << "it ended before it was killed";
  run({"sft", "--out", folder_ / "cut", "--resume"});
  EXPECT_EQ(weights("whole"), weights("cut"));
}

TEST_F(Sft, AdaptersAreTrainedInsteadOfTheModel) {
  const Words lora = {
      "--lora.rank",    "4",  "--lora.dropout",         "0.1", "--train.checkpoint_every", "3",
      "--train.epochs", "20", "--train.keep_best=false"};
  const RunResult whole = run(sft("whole", lora));
  EXPECT_TRUE(contains(whole.err, "the model has no chat template; it gets plain"));
  EXPECT_TRUE(contains(whole.err, " parameters are trained, in adapters of rank 4"));
  const fs::path adapter = folder_.path() / "whole/model";
  EXPECT_TRUE(fs::exists(adapter / "adapter_config.json"));
  EXPECT_FALSE(fs::exists(adapter / "model.safetensors"));
  const auto adapters = [&](const std::string& out) {
    return read_file(folder_.path() / out / "model/adapter_model.safetensors");
  };

  const int process = start_slovo(sft("cut", lora));
  for (int i = 0; i < 4000 && !has_checkpoint("cut"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_EQ(128 + SIGKILL, finish_slovo(process, SIGKILL)) << "it ended before it was killed";
  run({"sft", "--out", folder_ / "cut", "--resume"});
  EXPECT_EQ(adapters("whole"), adapters("cut")) << "dropout too is resumed to the same bits";

  const Words ask = {
      "--chat", "--temperature", "0", "--json", "the moon sees some bread.", "--threads", "1"};
  const auto answer = [&](Words words) {
    words.insert(words.begin(), "generate");
    words.insert(words.end(), ask.begin(), ask.end());
    return json_lines(run(words).out).at(0)["text"].get<std::string>();
  };
  run({"model", "merge", "--adapter", folder_ / "whole", "--out", folder_ / "merged"});
  const std::string text = answer({"--model", folder_ / "whole"});
  EXPECT_EQ(text, answer({"--model", base_, "--adapter", folder_ / "whole"}));
  EXPECT_EQ(text, answer({"--model", folder_ / "merged"}));

  EXPECT_TRUE(contains(
      refused(sft("x", {"--lora.rank", "4", "--sft.template", "chatml"})),
      "sft.template=chatml writes <|im_start|>, which the model does not know and adapters "
      "cannot learn; take plain or zephyr"));
  EXPECT_TRUE(contains(refused({"sft", "--model", folder_ / "whole", "--data", chats_, "--out",
                                folder_ / "x", "--lora.rank", "4"}),
                       "is an adapter; make it part of its model first: slovo model merge"));
}

TEST_F(Sft, OldTextIsReplayedAndWatched) {
  run(sft("kept",
          {"--replay", text_, "--sft.replay_share", "0.5", "--data.cache_dir", folder_ / "cache"}));
  std::vector<double> old_losses;
  for (const Json& line : json_lines(read_file(folder_.path() / "kept/metrics.jsonl"))) {
    if (line.contains("old_loss")) old_losses.push_back(line["old_loss"]);
  }
  ASSERT_GE(old_losses.size(), 2U) << "before the first step and after the last";
  const Json plain = json_lines(run({"sft", "--model", base_, "--data", chats_, "--dry-run",
                                     "--json", "--train.batch_size", "4"})
                                    .out)
                         .at(0);
  const Json record = recorded("kept");
  EXPECT_GE(record["train"]["steps"].get<int64_t>(), 2 * plain["steps"].get<int64_t>() - 1)
      << "half of the rows are replayed";
}

TEST_F(Sft, WhatIsFrozenStaysAsItIs) {
  run(sft("tuned", {"--sft.template", "plain", "--sft.freeze_embeddings", "--sft.freeze_layers",
                    "1", "--train.keep_best=false"}));
  const auto before = tensors(weights("base"));
  const auto after = tensors(weights("tuned"));
  ASSERT_EQ(before.size(), after.size());
  for (const auto& [name, bytes] : before) {
    const bool frozen = contains(name, "embed_tokens") || contains(name, "layers.0.");
    EXPECT_EQ(frozen, bytes == after.at(name)) << name;
  }
  EXPECT_TRUE(contains(refused(sft("x", {"--sft.freeze_layers", "3"})), "sft.freeze_layers is 3"));
}

TEST_F(Sft, OtherLossesAndNoiseTeachTooAndDifferently) {
  const auto losses = [&](const std::string& out, const Words& more) {
    Words words = {"--train.epochs", "6", "--train.keep_best=false"};
    words.insert(words.end(), more.begin(), more.end());
    run(sft(out, words));
    std::vector<double> found;
    for (const Json& line : json_lines(read_file(folder_.path() / out / "metrics.jsonl"))) {
      if (line.contains("val_loss")) found.push_back(line["val_loss"]);
    }
    return found;
  };
  ASSERT_FALSE(losses("plain", {}).empty());
  const Words teacher = {"--distill.teacher", folder_ / "plain"};
  const std::vector<std::pair<std::string, Words>> ways = {
      {"dft", {"--sft.loss", "dft"}},
      {"noise", {"--sft.neftune_alpha", "5"}},
      {"forward", {teacher[0], teacher[1], "--distill.weight", "1"}},
      {"reverse",
       {teacher[0], teacher[1], "--distill.loss", "reverse_kl", "--distill.temperature", "2",
        "--distill.top_k", "8"}}};
  std::set<std::string> results = {weights("plain")};
  for (const auto& [name, flags] : ways) {
    const std::vector<double> loss = losses(name, flags);
    ASSERT_GE(loss.size(), 2U) << name;
    EXPECT_LT(loss.back(), 0.7 * loss.front()) << name;
    EXPECT_TRUE(results.insert(weights(name)).second) << name << " changes nothing";
  }
  EXPECT_TRUE(contains(refused(sft("x", {"--distill.teacher", folder_ / "nowhere"})), "nowhere"));
}

TEST_F(Sft, MistakesAreNamed) {
  EXPECT_TRUE(contains(refused({"sft", "--data", chats_, "--out", folder_ / "x"}),
                       "--model is required; it names the model to tune"));
  EXPECT_TRUE(contains(refused({"sft", "--model", base_, "--data", chats_}),
                       "--out is required; it names the run folder to write"));
  EXPECT_TRUE(contains(refused(sft("x", {"--data.seq_len", "4096"})),
                       "data.seq_len is 4096 but the model's longest context is "));
  EXPECT_TRUE(
      contains(refused(sft("x", {"--sft.template", "llama3", "--data.columns", "outptu=x"})),
               "\"outptu\" is not a name that slovo looks for"));
  const std::string questions = folder_.write("q.jsonl", "{\"turns\": [\"q\"]}\n");
  EXPECT_TRUE(contains(
      refused({"sft", "--model", base_, "--data", questions, "--out", folder_ / "x"}),
      "q.jsonl:1: is of no known form; it has turns. It seems to hold questions without answers"));
  const std::string object = folder_.write("o.json", "{\"a\": 1}");
  EXPECT_TRUE(
      contains(refused({"sft", "--model", base_, "--data", object, "--out", folder_ / "x"}),
               "o.json: is one object; a .json file of instructions must be a list of rows"));
  EXPECT_TRUE(contains(
      refused({"pretrain", "--data", text_, "--out", folder_ / "x", "--data.format", "alpaca"}),
      "data.format is about instruction data, which slovo sft learns from"));
  EXPECT_TRUE(
      contains(refused({"generate", "--model", base_, "--chat", "hi"}), "has no chat template"));
  EXPECT_TRUE(contains(refused({"generate", "--model", base_, "--system", "x", "hi"}),
                       "--system needs --chat"));
  EXPECT_FALSE(fs::exists(folder_.path() / "x"));
}

TEST_F(Sft, ADialogueOnStdinGoesOn) {
  run(sft("chat"));
  const RunResult talk = run({"generate", "--model", folder_ / "chat", "--chat", "--temperature",
                              "0", "--max-tokens", "12", "--threads", "1"},
                             "the moon sees some bread.\nthe river likes the moon.\n");
  EXPECT_EQ(2, std::count(talk.out.begin(), talk.out.end(), '\n')) << talk.out;
}

}  // namespace
}  // namespace slovo::testing
