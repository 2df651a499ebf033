// Adapters in the training loop: what is learned, what is saved, and that a killed run, with what
// it drops at random, resumes to the same bytes.
#include "tiny_run.h"

namespace slovo {
namespace {

class LoraLoopTest : public TinyRunTest {
 protected:
  TinyRun run(const std::string& name) const {
    TinyRun out = TinyRunTest::run(name);
    out.lora.rank = 4;
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Dtypes, LoraLoopTest, both_dtypes(), dtype_name);

TEST_P(LoraLoopTest, LearnsAndSavesTheAdaptersAlone) {
  TinyRun one = run("one");
  one.train.steps = 120;
  one.batches = [](int64_t) { return counting_batch(4, 16, 5, 0); };
  one.run();
  EXPECT_LT(one.losses().back(), one.losses().front() - 0.5);
  EXPECT_TRUE(std::filesystem::exists(one.out / "model" / "adapter_config.json"));
  EXPECT_FALSE(std::filesystem::exists(one.out / "model" / "model.safetensors"));
}

TEST_P(LoraLoopTest, AKilledRunResumesToTheSameBytes) {
  TinyRun straight = run("straight");
  straight.lora.dropout = 0.3;
  straight.lora.dora = true;
  straight.train.micro_batch_size = 3;
  straight.train.checkpoint_every = 4;
  straight.run();
  TinyRun killed = straight;
  killed.out = folder_ / "killed";
  killed.run_killed_at(6);
  EXPECT_EQ(straight.final_weights(), killed.final_weights());
  EXPECT_EQ(straight.losses(), killed.losses());
}

/// Each micro-batch drops inputs of its own.
TEST_P(LoraLoopTest, WhatIsDroppedDiffersFromStepToStep) {
  TinyRun one = run("one");
  one.lora.dropout = 0.5;
  one.train.steps = 3;
  one.train.lr = 1e-30;
  one.batches = [](int64_t) { return counting_batch(4, 16, 5, 0); };
  one.run();
  TinyRun two = one;
  two.out = folder_ / "two";
  two.lora.dropout = 0;
  two.run();
  // Fresh adapters change nothing, so only the gradients differ.
  std::vector<double> norms;
  for (const Json& line : one.metrics()) {
    if (line.contains("grad_norm")) norms.push_back(line["grad_norm"].get<double>());
  }
  EXPECT_NE(norms[0], norms[1]);
  EXPECT_NE(norms[1], norms[2]);
  EXPECT_EQ(one.losses(), two.losses());
}

}  // namespace
}  // namespace slovo
