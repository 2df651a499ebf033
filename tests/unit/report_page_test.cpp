#include <algorithm>

#include "report/page.h"
#include "testing.h"

namespace slovo {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::error_of;
using testing::TempFolder;

constexpr const char* kHostile = "</script><!-- <b>\xE2\x80\xA8 & \"quoted\" \\ слово";

void write_run(const TempFolder& folder, const std::string& name, int rows) {
  const Json record = {{"command", kHostile}, {"config", {{"train", {{"steps", rows}}}}}};
  folder.write(name + "/run.json", record.dump());
  std::string metrics;
  for (int step = 1; step <= rows; ++step) {
    const Json row = {{"step", step},
                      {"tokens", step * 2048},
                      {"loss", 1.0 / step},
                      {"lr", 0.001234567891 / step},
                      {"grad_norm", 1.0 + step % 7 / 3.0},
                      {"tokens_per_s", 20000 + step % 100},
                      {"memory_bytes", 198349824 + step}};
    metrics += row.dump() + "\n";
  }
  const Json samples = {{"step", rows}, {"samples", {{{"prompt", kHostile}, {"text", kHostile}}}}};
  folder.write(name + "/metrics.jsonl", metrics + samples.dump() + "\n");
}

/// The text between the tags of the page's data.
std::string data_text(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"report-data\">";
  const size_t at = page.find(begin) + begin.size();
  return page.substr(at, page.find("</script>", at) - at);
}

TEST(Page, ItsDataComesOutAsItWentInWhateverTheTexts) {
  const TempFolder folder;
  write_run(folder, "run", 20);
  const auto runs = read_runs({folder.path() / "run"});
  const std::string page = render_page(runs);
  const std::string text = data_text(page);
  EXPECT_EQ(page_data(runs), parse_json(text, "page"));
  EXPECT_EQ(kHostile, page_data(runs)["runs"][0]["samples"][0]["texts"][0]["text"]);
  EXPECT_EQ(std::string::npos, text.find('<'));
  EXPECT_EQ(std::string::npos, text.find("\xE2\x80\xA8"));
}

TEST(Page, StandsAlone) {
  const std::string page = render_page({});
  for (const char* part : {"<!doctype html>", "default-src 'none'", "name=\"viewport\"",
                           "prefers-color-scheme", "prefers-reduced-motion", "class Panel"}) {
    EXPECT_TRUE(contains(page, part));
  }
  for (const char* part : {"src=\"", "href=\"http", "@import", "url(", "fetch(", "innerHTML",
                           "@page.css@", "@DATA@"}) {
    EXPECT_EQ(std::string::npos, page.find(part)) << part;
  }
}

TEST(Page, ALongRunIsASmallPageWithShortNumbers) {
  const TempFolder folder;
  write_run(folder, "run", 40'000);
  const auto runs = read_runs({folder.path() / "run"});
  EXPECT_LT(render_page(runs).size(), 3'000'000u);
  const Json data = page_data(runs);
  for (const Json& series : data["runs"][0]["series"]) {
    EXPECT_EQ(40'000, series["rows"]);
    EXPECT_LE(series["value"].size(), 4000u);
    EXPECT_EQ(series["step"].size(), series["value"].size());
    EXPECT_EQ(series["seconds"].size(), series["value"].size());
    EXPECT_EQ(40'000 * 2048, series["tokens"].back());
  }
  EXPECT_EQ("0.00123457", data["runs"][0]["series"][1]["value"][0].dump());
  EXPECT_EQ("198350000", data["runs"][0]["series"][4]["value"][0].dump());
}

TEST(Page, ManySamplesAreThinnedToEveryNthAndTheLast) {
  const TempFolder folder;
  folder.write("run/run.json", "{}");
  std::string metrics;
  for (int step = 1; step <= 1000; ++step) {
    const Json sample = {{"prompt", ""}, {"text", std::string(10'000, 'x')}};
    metrics += Json({{"step", step}, {"samples", {sample}}}).dump() + "\n";
  }
  folder.write("run/metrics.jsonl", metrics);
  const auto runs = read_runs({folder.path() / "run"});
  const Json samples = page_data(runs)["runs"][0]["samples"];
  EXPECT_LE(samples.size(), 60u);
  EXPECT_EQ(1000, samples.back()["step"]);
  EXPECT_EQ(1000, page_data(runs)["runs"][0]["sample_steps"]);
  EXPECT_LT(render_page(runs).size(), 1'000'000u);
}

TEST(Page, RunsAreNamedByTheirFoldersWhereTheseDiffer) {
  const TempFolder folder;
  for (const char* name : {"a/one", "a/two", "b/two"}) write_run(folder, name, 2);
  const Json data = page_data(
      read_runs({folder.path() / "a/one/", folder.path() / "a/two", folder.path() / "b/two"}));
  EXPECT_EQ("one", data["runs"][0]["name"]);
  EXPECT_EQ(folder / "a/two", data["runs"][1]["name"]);
  EXPECT_EQ(folder / "b/two", data["runs"][2]["name"]);
}

TEST(Page, ARunWithoutMetricsHasAPage) {
  const TempFolder folder;
  folder.write("run/run.json", "{}");
  write_report({folder.path() / "run"}, folder.path() / "page.html");
  const Json data = parse_json(data_text(read_file(folder / "page.html")), "page");
  EXPECT_EQ("No step is logged yet.", data["runs"][0]["headline"]);
  EXPECT_TRUE(data["runs"][0]["series"].empty());
}

TEST(Page, ARunGivenTwiceIsRefused) {
  const TempFolder folder;
  write_run(folder, "run", 2);
  EXPECT_TRUE(
      contains(error_of([&] { read_runs({folder.path() / "run", folder.path() / "run/../run/"}); },
                        ErrorCode::config),
               "given twice"));
}

}  // namespace
}  // namespace slovo
