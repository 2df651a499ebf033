#include "train/loop.h"

#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/error.h"
#include "core/interrupt.h"
#include "tiny_run.h"

namespace slovo {
namespace {

class LoopTest : public TinyRunTest {};
INSTANTIATE_TEST_SUITE_P(Dtypes, LoopTest, both_dtypes(), dtype_name);

TEST_P(LoopTest, OverfitsOneBatch) {
  TinyRun one = run("one");
  one.train.steps = 150;
  one.batches = [](int64_t) { return counting_batch(4, 16, 5, 0); };
  one.run();
  EXPECT_GT(one.losses().front(), 2.5);
  EXPECT_LT(one.losses().back(), 0.1);
}

TEST_P(LoopTest, SameSeedGivesTheSameBytes) {
  const TinyRun first = run("first");
  const TinyRun second = run("second");
  first.run();
  second.run();
  EXPECT_EQ(first.final_weights(), second.final_weights());
}

TEST_P(LoopTest, AKilledRunResumesToTheSameBytes) {
  TinyRun straight = run("straight");
  straight.train.micro_batch_size = 3;
  straight.train.checkpoint_every = 4;
  straight.train.eval_every = 3;
  straight.run();
  for (const int64_t kill_at :
       {2, 4, 5, 11}) {  // before the first checkpoint, right behind one, after several
    TinyRun killed = straight;
    killed.out = folder_ / cat("killed-", kill_at);
    killed.run_killed_at(kill_at);
    EXPECT_EQ(killed.final_weights(), straight.final_weights()) << "killed at step " << kill_at;
    ASSERT_EQ(killed.metrics().size(), straight.metrics().size()) << "killed at step " << kill_at;
    EXPECT_EQ(killed.losses(), straight.losses());
  }
}

/// Computes on one thread while it lives: runs so small gain nothing from more.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// What else must not change the bits of a resumed run: each with accumulation.
std::vector<std::pair<std::string, TrainConfig>> ways_to_train() {
  std::vector<std::pair<std::string, TrainConfig>> out;
  const auto add = [&](const std::string& name, const std::function<void(TrainConfig&)>& change) {
    TrainConfig train = tiny_train();
    train.micro_batch_size = 4;
    train.checkpoint_every = 4;
    train.eval_every = 3;
    change(train);
    out.emplace_back(name, train);
  };
  for (const MomentDType moments : {MomentDType::fp32, MomentDType::bf16}) {
    for (const OptimizerKind kind :
         {OptimizerKind::adamw, OptimizerKind::muon, OptimizerKind::lion, OptimizerKind::sgd}) {
      add(cat(to_name(kind), "-", to_name(moments)), [&](TrainConfig& train) {
        train.optimizer = kind;
        train.moment_dtype = moments;
      });
    }
  }
  add("normuon", [](TrainConfig& train) {
    train.optimizer = OptimizerKind::muon;
    train.muon_variance = train.cautious_decay = true;
    train.muon_method = MuonMethod::polar_express;
  });
  add("ema", [](TrainConfig& train) {
    train.ema_decay = 0.9;
    train.moment_dtype = MomentDType::bf16;
  });
  return out;
}

/// `straight`, and the same run killed before each of three steps and resumed, end in the same
/// bytes.
void expect_kills_change_nothing(const TinyRun& straight) {
  const std::string name = straight.out.filename();
  straight.run();
  TinyRun killed = straight;
  killed.out += "-killed";
  for (const int64_t kill_at : {3, 6, 11}) {
    killed.stop_after = kill_at;
    EXPECT_THROW(killed.run(), std::runtime_error) << name;
    killed.existing = Existing::resume;
  }
  killed.stop_after = -1;
  killed.run();
  EXPECT_EQ(killed.final_weights(), straight.final_weights()) << name;
  EXPECT_EQ(killed.losses(), straight.losses()) << name;
  EXPECT_EQ(killed.valid_losses(), straight.valid_losses()) << name;
}

TEST_P(LoopTest, AKilledRunResumesToTheSameBytesWithEveryOptimizer) {
  const OneThread one;
  for (const auto& [name, train] : ways_to_train()) {
    TinyRun straight = run(name);
    straight.train = train;
    expect_kills_change_nothing(straight);
  }
}

/// Each optimizer on a model with everything that models may have, with all that saves memory and
/// a mean of the weights together.
TEST_P(LoopTest, AKilledRunResumesToTheSameBytesWithEverythingAtOnce) {
  const OneThread one;
  for (const auto& [name, train] : ways_to_train()) {
    TinyRun straight = run(cat("all-", name));
    straight.shape.qk_norm = straight.shape.zero_init_outputs = true;
    straight.shape.value_embeddings = straight.shape.residual_scalars = true;
    straight.shape.tie_word_embeddings = false;
    straight.shape.final_logit_softcapping = 15;
    straight.shape.sliding_window = 6;
    straight.train = train;
    straight.train.micro_batch_size = 2;
    straight.train.activation_checkpointing = true;
    straight.train.moment_dtype = MomentDType::bf16;
    straight.train.ema_decay = 0.8;
    expect_kills_change_nothing(straight);
  }
}

TEST_P(LoopTest, EveryOptimizerLearnsAndGivesTheSameBytesAgain) {
  const OneThread one;
  for (const auto& [name, train] : ways_to_train()) {
    TinyRun first = run(name);
    first.train = train;
    first.train.steps = 40;
    if (train.optimizer == OptimizerKind::lion) first.train.lr = 2e-3;
    if (train.optimizer == OptimizerKind::sgd) first.train.lr = 0.3;
    TinyRun second = first;
    second.out = folder_ / cat(name, "-again");
    first.run();
    second.run();
    EXPECT_EQ(first.final_weights(), second.final_weights()) << name;
    EXPECT_LT(first.losses().back(), 0.8 * first.losses().front()) << name;
  }
}

TEST_P(LoopTest, MuonOnSeveralThreadsGivesTheSameBytesAgain) {
  TinyRun first = run("first");
  first.train.optimizer = OptimizerKind::muon;
  first.train.steps = 3;
  TinyRun second = first;
  second.out = folder_ / "second";
  first.run();
  second.run();
  EXPECT_EQ(first.final_weights(), second.final_weights());
}

TEST_P(LoopTest, TheMeanOfTheWeightsIsSavedAndDoesNotChangeTraining) {
  TinyRun plain = run("plain");
  TinyRun mean = run("mean");
  mean.train.ema_decay = 0.5;
  mean.train.eval_every = plain.train.eval_every = 2;
  plain.train.checkpoint_every = mean.train.checkpoint_every = 1;
  plain.train.keep = 100;
  plain.run();
  mean.run();
  EXPECT_EQ(plain.losses(), mean.losses()) << "training goes on with the weights";
  EXPECT_NE(plain.valid_losses(), mean.valid_losses()) << "the mean is evaluated";
  // The mean by hand from the weights behind each step.
  const auto weights = [&](const std::filesystem::path& folder) {
    const SafetensorsFile file(folder / "model.safetensors");
    return file.view("model.layers.1.mlp.down_proj.weight").to(at::kDouble);
  };
  Transformer model(plain.shape, at::TensorOptions(at::kFloat));
  init_weights(model, 3);
  at::Tensor expected =
      model->named_parameters()["blocks.1.mlp.down.weight"].detach().to(at::kDouble);
  for (int64_t step = 1; step <= plain.train.steps; ++step) {
    char name[32];
    std::snprintf(name, sizeof name, "step-%08d", static_cast<int>(step));
    const auto done = static_cast<double>(step);
    const double decay = std::min(0.5, (1 + done) / (10 + done));
    expected = expected * decay + weights(plain.out / "checkpoints" / name) * (1 - decay);
  }
  const at::Tensor found = weights(mean.out / "model");
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-6);
}

TEST_P(LoopTest, ABatchThatGrowsResumesToTheSameBytes) {
  TinyRun straight = run("growing");
  straight.train.batch_start = 2;
  straight.train.batch_ramp_steps = 6;
  straight.train.micro_batch_size = 2;
  straight.train.checkpoint_every = 4;
  straight.batches = [train = straight.train](int64_t step) {
    return counting_batch(train.rows(step), 16, 5, static_cast<uint64_t>(step));
  };
  straight.run();
  EXPECT_EQ(straight.metrics().back()["tokens"].get<int64_t>(),
            straight.train.rows_before(straight.train.steps) * 16);
  TinyRun killed = straight;
  killed.out = folder_ / "growing-killed";
  killed.run_killed_at(5);
  EXPECT_EQ(killed.final_weights(), straight.final_weights());
  EXPECT_EQ(killed.losses(), straight.losses());
}

TEST_P(LoopTest, RowsOneByOneEqualRowsTogether) {
  TinyRun together = run("together");
  TinyRun apart = run("apart");
  apart.train.micro_batch_size = 1;
  together.train.steps = apart.train.steps = 5;
  together.run();
  apart.run();
  const double tolerance = GetParam() == at::kFloat ? 2e-6 : 2e-2;
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(together.losses()[i], apart.losses()[i], tolerance) << "step " << i + 1;
    EXPECT_NEAR(together.metrics()[i]["grad_norm"].get<double>(),
                apart.metrics()[i]["grad_norm"].get<double>(), 10 * tolerance);
  }
}

TEST_P(LoopTest, AFinishedRunIsLeftAsItIsAndGoesOnWithMoreSteps) {
  TinyRun done = run("done");
  done.run();
  const std::string weights = done.final_weights();
  done.existing = Existing::resume;
  EXPECT_EQ(done.run().step, 12);
  EXPECT_EQ(done.final_weights(), weights);
  done.train.steps = 14;
  EXPECT_EQ(done.run().step, 14);
  EXPECT_NE(done.final_weights(), weights);
  EXPECT_EQ(done.losses().size(), 14u);
}

TEST_P(LoopTest, ActivationCheckpointingChangesNoBit) {
  TinyRun plain = run("plain");
  plain.run();
  TinyRun recomputed = run("recomputed");
  recomputed.train.activation_checkpointing = true;
  recomputed.run();
  EXPECT_EQ(plain.final_weights(), recomputed.final_weights());
}

TEST(Loop, CheckpointsAreCountedAndKept) {
  testing::TempFolder folder;
  TinyRun run;
  run.out = folder / "run";
  run.train.checkpoint_every = 2;
  run.train.keep = 3;
  run.run();
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(run.out / "checkpoints")) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"step-00000008", "step-00000010", "step-00000012"}));
  for (const char* file : {"config.json", "model.safetensors", "trainer/optimizer.safetensors",
                           "trainer/state.json"}) {
    EXPECT_TRUE(std::filesystem::exists(run.out / "checkpoints" / "step-00000012" / file)) << file;
  }
}

TEST(Loop, MetricsHoldWhatTheDesignPromises) {
  testing::TempFolder folder;
  TinyRun run;
  run.out = folder / "run";
  run.train.log_every = 5;
  run.train.eval_every = 6;
  run.run();
  std::vector<int64_t> logged;
  std::vector<int64_t> evaluated;
  for (const Json& line : run.metrics()) {
    const auto step = line["step"].get<int64_t>();
    if (line.contains("val_loss")) {
      evaluated.push_back(step);
      EXPECT_NEAR(line["val_perplexity"].get<double>(), std::exp(line["val_loss"].get<double>()),
                  1e-9);
    } else {
      logged.push_back(step);
      EXPECT_EQ(line["tokens"].get<int64_t>(), step * 8 * 16);
      for (const char* key : {"loss", "lr", "grad_norm", "tokens_per_s", "memory_bytes"}) {
        EXPECT_TRUE(line.contains(key)) << key;
      }
    }
  }
  EXPECT_EQ(logged, (std::vector<int64_t>{5, 10, 12}));
  EXPECT_EQ(evaluated, (std::vector<int64_t>{6, 12}));
}

TEST(Loop, DivergenceNamesStepTextsAndTheLastGoodCheckpoint) {
  testing::TempFolder folder;
  TinyRun run;
  run.out = folder / "run";
  run.train.checkpoint_every = 2;
  run.batches = [](int64_t step) {
    Batch batch = counting_batch(2, 16, 5, static_cast<uint64_t>(step));
    if (step == 4) batch.weights_BT.fill_(std::numeric_limits<float>::infinity());
    return batch;
  };
  try {
    run.run();
    FAIL() << "an infinite loss was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(exit_code(error.code()), 1);
    const std::string text = error.what();
    EXPECT_TRUE(testing::contains(text, "step 5: the loss is"));
    EXPECT_TRUE(testing::contains(text, "row 4.0; row 4.1"));
    EXPECT_TRUE(testing::contains(text, "step-00000004"));
  }
  EXPECT_FALSE(std::filesystem::exists(run.out / "model"));
}

/// Files cannot grow past `bytes` while it lives: what a full disk is like.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  sighandler_t handler_;
};

TEST(Loop, AFullDiskEndsTheRunAndLeavesTheOldCheckpoint) {
  testing::TempFolder folder;
  TinyRun run;
  run.out = folder / "run";
  run.train.checkpoint_every = 3;
  TinyRun straight = run;
  straight.out = folder / "straight";
  straight.run();
  std::optional<FileSizeLimit> full;
  run.batches = [&](int64_t step) {
    if (step == 4) full.emplace(40000);
    return counting_batch(8, 16, 5, static_cast<uint64_t>(step));
  };
  const std::string text = testing::error_of([&] { run.run(); }, ErrorCode::io);
  full.reset();
  EXPECT_TRUE(testing::contains(text, "cannot write"));
  ASSERT_TRUE(std::filesystem::exists(run.out / "checkpoints" / "step-00000003"));
  EXPECT_FALSE(std::filesystem::exists(run.out / "checkpoints" / "step-00000006"));
  run.batches = straight.batches;
  run.existing = Existing::resume;
  run.run();
  EXPECT_EQ(run.final_weights(), straight.final_weights());
}

/// Runs `run` in a process of its own; whether it was interrupted.
bool interrupted_in_a_child(const TinyRun& run) {
  const pid_t child = fork();
  if (child == 0) {
    catch_interrupts();
    _exit(run.run().interrupted ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Loop, AValidationThatIsInterruptedIsMadeUpFor) {
  testing::TempFolder folder;
  std::vector<TinyRun> runs(3);
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].train.eval_every = 4;
    runs[i].out = folder / cat("run-", i);
  }
  // Children first: a process whose threads have worked cannot be forked safely. Each validation
  // has two batches; the first and the last one are interrupted at their first.
  for (const auto& [run, batch] : {std::pair{&runs[1], 1}, std::pair{&runs[2], 5}}) {
    run->valid_hook = [batch, seen = 0]() mutable {
      if (++seen == batch) raise(SIGTERM);
    };
    ASSERT_TRUE(interrupted_in_a_child(*run)) << batch;
    EXPECT_FALSE(std::filesystem::exists(run->out / "model"));
    run->valid_hook = nullptr;
    run->existing = Existing::resume;
  }
  for (const TinyRun& run : runs) {
    EXPECT_FALSE(run.run().interrupted);
    EXPECT_EQ(run.final_weights(), runs[0].final_weights());
    EXPECT_EQ(run.losses(), runs[0].losses());
    EXPECT_EQ(run.metrics().size(), runs[0].metrics().size()) << "no validation is missing";
  }
}

TEST(Loop, ACheckpointOfAnotherModelIsRefused) {
  testing::TempFolder folder;
  TinyRun run;
  run.out = folder / "run";
  run.run();
  run.existing = Existing::resume;
  run.shape.intermediate_size = 48;
  const std::string text = testing::error_of([&] { run.run(); });
  EXPECT_TRUE(testing::contains(text, "optimizer.safetensors"));
  EXPECT_TRUE(testing::contains(text, "another shape"));
}

}  // namespace
}  // namespace slovo
