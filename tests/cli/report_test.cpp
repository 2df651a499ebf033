// slovo report from the shell, on runs written here.
#include "core/json.h"
#include "core/text.h"
#include "run_slovo.h"
#include "testing.h"

namespace slovo::testing {
namespace {

namespace fs = std::filesystem;

class Report : public ::testing::Test {
 protected:
  std::string run_folder(const std::string& name, double last_loss) const {
    folder_.write(name + "/run.json", R"({"config": {"train": {"steps": 20}}})");
    folder_.write(
        name + "/metrics.jsonl",
        cat("{\"step\": 10, \"tokens\": 100, \"loss\": 3.5}\n{\"step\": 20, \"tokens\": 200, "
            "\"val_loss\": ",
            last_loss, "}\n"));
    return folder_ / name;
  }

  std::string refused(const std::vector<std::string>& arguments) const {
    const RunResult result = run_slovo(arguments);
    EXPECT_EQ(2, result.exit_code) << result.err;
    EXPECT_EQ("", result.out);
    return result.err;
  }

  TempFolder folder_;
};

TEST_F(Report, WritesThePageIntoTheRunAndSaysWhatHappened) {
  const std::string run = run_folder("one", 2.25);
  const RunResult result = run_slovo({"report", run});
  EXPECT_EQ(0, result.exit_code) << result.err;
  EXPECT_EQ("", result.err);
  EXPECT_EQ(
      cat(run, ": Trained a model on 200 tokens for 20 steps: validation loss 2.25.\npage in ", run,
          "/report.html\n"),
      result.out);
  EXPECT_TRUE(contains(read_file(run + "/report.html"), "\"name\":\"one\""));
  EXPECT_EQ(0, run_slovo({"report", run}).exit_code) << "the page is written over";
}

TEST_F(Report, SeveralRunsShareAPage) {
  const std::string one = run_folder("one", 2.25), two = run_folder("two", 2);
  const RunResult result =
      run_slovo({"report", one, two, "--out", folder_ / "both.html", "--json"});
  EXPECT_EQ(0, result.exit_code) << result.err;
  const Json json = parse_json(result.out, "stdout");
  EXPECT_EQ(folder_ / "both.html", json["out"]);
  EXPECT_EQ(two, json["runs"][1]["run"]);
  EXPECT_EQ(2, json["runs"][1]["val_loss"]);
  const std::string page = read_file(folder_ / "both.html");
  EXPECT_TRUE(contains(page, "\"name\":\"one\""));
  EXPECT_TRUE(contains(page, "\"name\":\"two\""));
}

TEST_F(Report, ARunThatHasNotLoggedYetHasAPage) {
  folder_.write("new/run.json", "{}");
  const RunResult result = run_slovo({"report", folder_ / "new"});
  EXPECT_EQ(0, result.exit_code) << result.err;
  EXPECT_TRUE(contains(result.out, "No step is logged yet."));
}

TEST_F(Report, MistakesAreRefused) {
  const std::string run = run_folder("one", 2);
  folder_.write("empty/x", "");
  EXPECT_TRUE(contains(refused({"report"}), "RUN is missing"));
  EXPECT_TRUE(contains(refused({"report", folder_ / "nothing"}), "no such folder"));
  EXPECT_TRUE(contains(refused({"report", run, folder_ / "empty"}), "holds no run"));
  EXPECT_TRUE(contains(refused({"report", run, run}), "given twice"));
  EXPECT_TRUE(contains(refused({"report", run, "--out", folder_ / "empty"}), "is a folder"));
  EXPECT_TRUE(contains(refused({"report", run, "--out", folder_ / "no/page.html"}), "no folder"));
  folder_.write("one/metrics.jsonl", "{\"step\": 1}\nx\n");
  EXPECT_TRUE(contains(refused({"report", run}), "metrics.jsonl:2"));
  EXPECT_FALSE(fs::exists(run + "/report.html"));
}

}  // namespace
}  // namespace slovo::testing
