#include "train/run_record.h"

#include "core/error.h"
#include "tiny_run.h"

namespace slovo {
namespace {

RunRecord record() {
  RunRecord out;
  out.config = {{"run", {{"seed", 1}, {"threads", 0}}},
                {"model", {{"hidden_size", 64}}},
                {"data", {{"paths", {"a.txt"}}, {"seq_len", 32}}},
                {"train", {{"steps", 10}, {"batch_size", 4}, {"log_every", 10}}}};
  out.data = {{{"path", "a.txt"}, {"split", "train"}, {"bytes", 5}, {"hash", "aa"}}};
  out.tokenizer = "t1";
  out.device = "cpu";
  out.dtype = "bf16";
  out.threads = 2;
  return out;
}

std::string refusal(const RunRecord& now) {
  return testing::error_of(
      [&] { check_same_run("RUN", make_run_record(record()), make_run_record(now)); });
}

TEST(RunRecord, TheSameRunGoesOn) {
  RunRecord now = record();
  now.data[0]["path"] = "/elsewhere/a.txt";
  now.config["data"]["paths"] = {"/elsewhere/a.txt"};
  EXPECT_NO_THROW(check_same_run("RUN", make_run_record(record()), make_run_record(now)));
}

TEST(RunRecord, DifferencesThatOnlyChangeTheBitsAreWarnedOf) {
  RunRecord now = record();
  now.threads = 4;
  now.dtype = "fp32";
  now.config["train"]["steps"] = 20;
  now.config["train"]["log_every"] = 1;
  ::testing::internal::CaptureStderr();
  EXPECT_NO_THROW(check_same_run("RUN", make_run_record(record()), make_run_record(now)));
  const std::string said = ::testing::internal::GetCapturedStderr();
  for (const char* what : {"threads was 2 and is 4", "dtype was \"bf16\" and is \"fp32\"",
                           "train.steps was 10 and is 20", "train.log_every was 10 and is 1"}) {
    EXPECT_TRUE(testing::contains(said, what));
  }
}

TEST(RunRecord, AnotherModelTokenizerDataOrSeedIsRefusedAndAllAreNamed) {
  RunRecord now = record();
  now.config["model"]["hidden_size"] = 128;
  now.config["run"]["seed"] = 2;
  now.config["train"]["batch_size"] = 8;
  now.config["data"]["seq_len"] = 64;
  now.tokenizer = "t2";
  now.data[0]["hash"] = "bb";
  const std::string text = refusal(now);
  for (const char* what :
       {"model.hidden_size was 64 and is 128", "run.seed was 1 and is 2",
        "train.batch_size was 4 and is 8", "data.seq_len was 32 and is 64",
        "the tokenizer is another one", "the text a.txt is not the run's", "RUN/run.json"}) {
    EXPECT_TRUE(testing::contains(text, what));
  }
}

TEST(RunRecord, TextsMoreOrInAnotherOrderAreRefused) {
  RunRecord two = record();
  two.data.push_back({{"path", "b.txt"}, {"split", "train"}, {"bytes", 6}, {"hash", "bb"}});
  EXPECT_TRUE(testing::contains(refusal(two), "b.txt"));
  RunRecord turned = two;
  std::swap(turned.data[0], turned.data[1]);
  const std::string text = testing::error_of(
      [&] { check_same_run("RUN", make_run_record(two), make_run_record(turned)); });
  EXPECT_TRUE(testing::contains(text, "another order"));
}

}  // namespace
}  // namespace slovo
