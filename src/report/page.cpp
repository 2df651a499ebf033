#include "report/page.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"
#include "report/page_text.h"
#include "report/summary.h"
#include "report/thin.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

// A page of one run may have all these points; several share them.
constexpr size_t kMostPoints = 4000;
constexpr size_t kPointsOfAllRuns = 8000;
constexpr size_t kFewestPoints = 800;
constexpr size_t kMostSampleBytes = 500'000;
constexpr size_t kMostTextCharacters = 8000;

/// With at most 6 significant digits; null for NaN.
Json short_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  const double rounded = std::strtod(text, nullptr);
  if (rounded == std::floor(rounded) && std::abs(rounded) < 1e15)
    return static_cast<int64_t>(rounded);
  return rounded;
}

Json column(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(short_number(value));
  return out;
}

/// Token counts are whole numbers and stay exact.
Json count_column(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values)
    out.push_back(std::isfinite(value) ? Json(std::llround(value)) : Json());
  return out;
}

bool any_known(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

Json series_json(const Series& all, size_t most) {
  const ThinSeries short_one = thin(all, most);
  const Series& series = short_one.series;
  Json out = {{"name", all.name}, {"rows", all.values.size()}, {"step", series.steps}};
  if (any_known(series.tokens)) out["tokens"] = count_column(series.tokens);
  if (any_known(series.seconds)) out["seconds"] = column(series.seconds);
  out["value"] = column(series.values);
  if (!short_one.means.empty()) out["mean"] = column(short_one.means);
  return out;
}

std::string shortened(const std::string& text) {
  const size_t bytes = utf8::prefix_bytes(text, kMostTextCharacters);
  return bytes == text.size() ? text : text.substr(0, bytes) + "…";
}

/// Every n-th step's samples and the last one's, so many that the page stays small.
Json samples_json(const std::vector<SampleStep>& samples) {
  size_t bytes = 0;
  for (const SampleStep& step : samples) {
    for (const SampleText& text : step.texts) bytes += text.prompt.size() + text.text.size();
  }
  const size_t every = bytes / kMostSampleBytes + 1;
  Json out = Json::array();
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i % every != 0 && i + 1 != samples.size()) continue;
    Json texts = Json::array();
    for (const SampleText& text : samples[i].texts)
      texts.push_back({{"prompt", shortened(text.prompt)}, {"text", shortened(text.text)}});
    out.push_back({{"step", samples[i].step}, {"texts", std::move(texts)}});
  }
  return out;
}

Json rounded_numbers(Json summary) {
  for (Json& value : summary) {
    if (value.is_number_float()) value = short_number(value.get<double>());
  }
  return summary;
}

Json run_json(const RunData& run, const std::string& name, size_t most) {
  const Json summary = summarise(run);
  Json series = Json::array();
  for (const Series& one : run.series) series.push_back(series_json(one, most));
  return {{"name", name},
          {"headline", headline(summary)},
          {"summary", rounded_numbers(summary)},
          {"record", run.record},
          {"series", std::move(series)},
          {"samples", samples_json(run.samples)},
          {"sample_steps", run.samples.size()}};
}

std::string last_name(const fs::path& folder) {
  const fs::path path = fs::weakly_canonical(folder);
  return path.filename().empty() ? path.string() : path.filename().string();
}

/// The folders' own names where these differ, else the paths as given.
std::vector<std::string> run_names(const std::vector<RunData>& runs) {
  std::map<std::string, int> uses;
  for (const RunData& run : runs) ++uses[last_name(run.folder)];
  std::vector<std::string> out;
  for (const RunData& run : runs) {
    const std::string name = last_name(run.folder);
    out.push_back(uses[name] == 1 ? name : run.folder.string());
  }
  return out;
}

/// JSON that may stand inside <script>: `<` would end it or begin a comment, and U+2028 and U+2029
/// end a line for old JavaScript.
std::string embeddable(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view next = std::string_view(text).substr(i, 3);
    if (text[i] == '<') {
      out += "\\u003c";
    } else if (next == "\xE2\x80\xA8" || next == "\xE2\x80\xA9") {
      out += next.back() == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

Json page_data(const std::vector<RunData>& runs) {
  const size_t most =
      std::clamp(kPointsOfAllRuns / std::max<size_t>(runs.size(), 1), kFewestPoints, kMostPoints);
  const auto names = run_names(runs);
  Json out = {{"slovo", SLOVO_VERSION}, {"runs", Json::array()}};
  for (size_t i = 0; i < runs.size(); ++i) out["runs"].push_back(run_json(runs[i], names[i], most));
  return out;
}

std::string render_page(const std::vector<RunData>& runs) {
  constexpr std::string_view kPlace = "@DATA@";
  const std::string_view page = kPageText;
  const size_t at = page.find(kPlace);
  SLOVO_CHECK(at != std::string_view::npos, "the page has no place for its data");
  return cat(page.substr(0, at), embeddable(page_data(runs)), page.substr(at + kPlace.size()));
}

std::vector<RunData> read_runs(const std::vector<fs::path>& run_folders) {
  std::set<fs::path> seen;
  std::vector<RunData> runs;
  for (const fs::path& folder : run_folders) {
    if (!seen.insert(fs::weakly_canonical(folder)).second)
      throw_config(folder.string(), ": is given twice; keep one of them");
    runs.push_back(read_run(folder));
  }
  return runs;
}

void write_report(const std::vector<RunData>& runs, const fs::path& out_file) {
  write_file(out_file, render_page(runs));
}

void write_report(const std::vector<fs::path>& run_folders, const fs::path& out_file) {
  write_report(read_runs(run_folders), out_file);
}

}  // namespace slovo
