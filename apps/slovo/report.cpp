// slovo report: one page of one run, or of several side by side.
#include <cstdio>
#include <filesystem>

#include "commands.h"
#include "core/error.h"
#include "report/page.h"
#include "report/summary.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

/// Where the page goes: into the run, or for several runs into this folder.
fs::path page_path(const std::string& given, const std::vector<std::string>& runs) {
  const fs::path out = !given.empty()     ? fs::path(given)
                       : runs.size() == 1 ? fs::path(runs.front()) / "report.html"
                                          : fs::path("report.html");
  if (fs::is_directory(out))
    throw_config(out.string(), ": is a folder; --out names the page, a file");
  const fs::path folder = out.has_parent_path() ? out.parent_path() : ".";
  if (!fs::is_directory(folder))
    throw_config(out.string(), ": there is no folder ", folder.string(), "; make it first");
  return out;
}

void print_json(const std::vector<RunData>& runs, const fs::path& out) {
  Json result = {{"out", out.string()}, {"runs", Json::array()}};
  for (const RunData& run : runs) {
    Json summary = {{"run", run.folder.string()}};
    summary.update(summarise(run));
    result["runs"].push_back(std::move(summary));
  }
  std::printf("%s\n", result.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_lines(const std::vector<RunData>& runs, const fs::path& out) {
  for (const RunData& run : runs)
    std::printf("%s: %s\n", run.folder.c_str(), headline(summarise(run)).c_str());
  std::printf("page in %s\n", out.c_str());
}

}  // namespace

int run_report(const Invocation& call) {
  std::vector<std::string> folders;
  std::string out;
  bool json = false;
  Command command(call);
  command.sections({"run"})
      .words("RUN", folders, "run folders; several are laid over each other", Need::required)
      .option("--out", out, "FILE.html",
              "the page to write (RUN/report.html, or report.html for several runs)")
      .flag("--json", json, "the runs' figures as one JSON object")
      .example("slovo report runs/verse", "the page of a run, in runs/verse/report.html")
      .example("slovo report runs/* --out compare.html", "all runs on one page");
  if (!command.parse()) return 0;
  const auto runs = read_runs({folders.begin(), folders.end()});
  const fs::path page = page_path(out, folders);
  write_report(runs, page);
  (json ? print_json : print_lines)(runs, page);
  return 0;
}

}  // namespace slovo
