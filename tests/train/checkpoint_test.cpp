#include "train/checkpoint.h"

#include <sys/wait.h>

#include "core/error.h"
#include "tiny_run.h"
#include "train/state_files.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;

void fill_one(const fs::path& folder) { write_file(folder / "file", "content"); }

TEST(RunFolder, AnExistingRunIsRefusedWithAdvice) {
  testing::TempFolder folder;
  {
    RunFolder(folder / "run", Existing::refuse).write_record({{"a", 1}});
  }
  const std::string text = testing::error_of([&] { RunFolder(folder / "run", Existing::refuse); });
  EXPECT_TRUE(testing::contains(text, "holds a run already; add --resume"));
}

TEST(RunFolder, AForeignFolderIsRefused) {
  testing::TempFolder folder;
  make_folder(folder / "run");
  write_file(folder / "run/letter.txt", "dear");
  for (const Existing existing : {Existing::refuse, Existing::resume}) {
    const std::string text = testing::error_of([&] { RunFolder(folder / "run", existing); });
    EXPECT_TRUE(testing::contains(text, "is not empty and holds no run"));
  }
  write_file(folder / "file", "x");
  const std::string text =
      testing::error_of([&] { check_run_folder(folder / "file", Existing::refuse); });
  EXPECT_TRUE(testing::contains(text, "is a file; --out must name a folder"));
}

TEST(RunFolder, ResumingWhatWasKilledBeforeItsRecordStarts) {
  testing::TempFolder folder;
  folder.write("run/.lock", "");
  RunFolder again(folder / "run", Existing::resume);
  EXPECT_FALSE(again.record());
  EXPECT_FALSE(again.newest_checkpoint());
}

TEST(RunFolder, ARunThatFailsBeforeItsRecordLeavesNoTrace) {
  testing::TempFolder folder;
  make_folder(folder / "empty");
  {
    RunFolder deep(folder / "runs/a/b", Existing::refuse);
    RunFolder given(folder / "empty", Existing::refuse);
  }
  EXPECT_FALSE(fs::exists(folder / "runs"));
  EXPECT_TRUE(fs::is_empty(folder / "empty"));
}

TEST(RunFolder, TwoProcessesCannotWriteOneRun) {
  testing::TempFolder folder;
  RunFolder held(folder / "run", Existing::refuse);
  const std::string text = testing::error_of([&] { RunFolder(folder / "run", Existing::resume); });
  EXPECT_TRUE(testing::contains(text, "another process is training in this folder"));
}

TEST(RunFolder, LeftoversOfAKilledRunAreRemoved) {
  testing::TempFolder folder;
  const pid_t child = fork();
  if (child == 0) {  // dies while a checkpoint is half-written
    RunFolder run(folder / "run", Existing::refuse);
    run.write_checkpoint(1, fill_one, 2);
    run.write_checkpoint(
        2,
        [](const fs::path& path) {
          fill_one(path);
          _exit(9);
        },
        2);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  const auto entries = [&] {
    return std::distance(fs::directory_iterator(folder / "run/checkpoints"),
                         fs::directory_iterator());
  };
  EXPECT_EQ(entries(), 2);
  write_file(folder / "run/run.json", "{}");
  RunFolder run(folder / "run", Existing::resume);
  EXPECT_EQ(entries(), 1);
  EXPECT_EQ(run.newest_checkpoint()->filename(), "step-00000001");
}

TEST(RunFolder, AFailedCheckpointLeavesTheOldOnes) {
  testing::TempFolder folder;
  RunFolder run(folder / "run", Existing::refuse);
  run.write_checkpoint(5, fill_one, 1);
  EXPECT_THROW(run.write_checkpoint(10, [](const fs::path&) { throw_io("disk full"); }, 1), Error);
  EXPECT_EQ(run.newest_checkpoint()->filename(), "step-00000005");
  EXPECT_EQ(
      std::distance(fs::directory_iterator(folder / "run/checkpoints"), fs::directory_iterator()),
      1);
}

TEST(RunFolder, StepsAreOrderedAsNumbers) {
  testing::TempFolder folder;
  RunFolder run(folder / "run", Existing::refuse);
  for (const int64_t step : {99999999LL, 100000000LL, 5LL}) run.write_checkpoint(step, fill_one, 9);
  EXPECT_EQ(run.newest_checkpoint()->filename(), "step-100000000");
}

TEST(RunFolder, MetricsAreCutBackToTheStep) {
  testing::TempFolder folder;
  RunFolder run(folder / "run", Existing::refuse);
  write_file(folder / "run/metrics.jsonl",
             "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n{\"step\":2,\"val_loss\":2}\n{"
             "\"step\":3,\"loss\":1}\n{\"st");
  run.open_metrics(2);
  run.append_metrics({{"step", 3}});
  EXPECT_EQ(read_file(folder / "run/metrics.jsonl"),
            "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":2}\n{\"step\":2,\"val_loss\":2}\n{"
            "\"step\":3}\n");
}

TEST(TrainerState, DamagedFilesAreNamedWithAdvice) {
  testing::TempFolder folder;
  const NamedTensors tensors = {{"exp_avg.w", at::ones({2, 3})}};
  write_trainer_state(folder / "trainer", tensors, {{"step", 1}});
  std::string text = testing::error_of([&] { read_trainer_state(folder / "trainer", tensors); });
  EXPECT_TRUE(testing::contains(text, "state.json: is damaged"));

  const Json whole = {
      {"step", 1}, {"evaluated_at", 0}, {"watch", Json::object()}, {"objective", Json::object()}};
  write_trainer_state(folder / "trainer", tensors, whole);
  const NamedTensors other = {{"exp_avg.v", at::ones({2, 3})}};
  text = testing::error_of([&] { read_trainer_state(folder / "trainer", other); });
  EXPECT_TRUE(testing::contains(text, "misses exp_avg.v"));
  EXPECT_TRUE(testing::contains(text, "has exp_avg.w, which the model has not"));

  const std::string bytes = read_file(folder / "trainer/optimizer.safetensors");
  write_file(folder / "trainer/optimizer.safetensors", bytes.substr(0, bytes.size() - 4));
  text = testing::error_of([&] { read_trainer_state(folder / "trainer", tensors); });
  EXPECT_TRUE(testing::contains(text, "optimizer.safetensors"));
}

}  // namespace
}  // namespace slovo
