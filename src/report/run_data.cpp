#include "report/run_data.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double number_or_nan(const Json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number() ? found->get<double>() : kUnknown;
}

/// Time in training at each row: as the row says in "seconds", else from tokens and speed.
class Clock {
 public:
  double at(const Json& line) {
    const double tokens = number_or_nan(line, "tokens");
    const double rate = number_or_nan(line, "tokens_per_s");
    const double told = number_or_nan(line, "seconds");
    if (rate > 0) rate_ = rate;
    if (std::isfinite(told)) {
      return advance(tokens, told);
    }
    const double since = tokens > tokens_ ? tokens - tokens_ : 0;
    const double now = since > 0 ? seconds_ + since / rate_ : seconds_;
    // Only a row with a speed of its own is sure; others are placed by the speed before them.
    return rate > 0 ? advance(tokens, now) : now;
  }

 private:
  double advance(double tokens, double seconds) {
    if (std::isfinite(tokens)) tokens_ = tokens;
    return seconds_ = seconds;
  }

  double tokens_ = 0;
  double seconds_ = 0;
  double rate_ = kUnknown;
};

class MetricsReader {
 public:
  MetricsReader(RunData& run, std::string file) : run_(run), file_(std::move(file)) {}

  void read(std::string_view text) {
    for (int64_t number = 1; !text.empty(); ++number) {
      const size_t end = text.find('\n');
      const std::string line = utf8::replace_invalid(text.substr(0, end));
      if (end == std::string_view::npos) {
        add_last(line);
        return;
      }
      const std::string where = cat(file_, ":", number);
      add(parse_json(line, where), where);
      text.remove_prefix(end + 1);
    }
  }

 private:
  void add_last(const std::string& line) {
    const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_object() && json.contains("step")) add(json, file_);
  }

  void add(const Json& line, const std::string& where) {
    const auto step = line.is_object() ? line.find("step") : line.end();
    if (step == line.end() || !step->is_number_integer()) {
      throw_data(where, ": has no step; each line is an object like {\"step\": 10, \"loss\": 2.5}");
    }
    const auto at = step->get<int64_t>();
    const double tokens = number_or_nan(line, "tokens");
    const double seconds = clock_.at(line);
    for (const auto& [key, value] : line.items()) {
      if (key == "step" || key == "tokens" || key == "seconds") continue;
      if (key == "samples") {
        add_samples(at, value);
      } else if (value.is_number() || value.is_null()) {  // null is how NaN is written
        Series& series = series_of(key);
        series.steps.push_back(at);
        series.tokens.push_back(tokens);
        series.seconds.push_back(seconds);
        const double number = value.is_null() ? kUnknown : value.get<double>();
        series.values.push_back(std::isfinite(number) ? number : kUnknown);
      }
    }
  }

  Series& series_of(const std::string& name) {
    const auto [found, is_new] = places_.try_emplace(name, run_.series.size());
    if (is_new) run_.series.push_back({name, {}, {}, {}, {}});
    return run_.series[found->second];
  }

  void add_samples(int64_t step, const Json& samples) {
    if (!samples.is_array()) return;
    SampleStep out{step, {}};
    const auto text_of = [](const Json& sample, const char* key) {
      const auto found = sample.find(key);
      return found != sample.end() && found->is_string() ? found->get<std::string>() : "";
    };
    for (const Json& sample : samples) {
      if (sample.is_object())
        out.texts.push_back({text_of(sample, "prompt"), text_of(sample, "text")});
    }
    if (!out.texts.empty()) run_.samples.push_back(std::move(out));
  }

  RunData& run_;
  std::string file_;
  Clock clock_;
  std::map<std::string, size_t> places_;
};

void check_is_run(const fs::path& folder) {
  const std::string name = folder.string();
  if (!fs::exists(folder)) throw_data(name, ": no such folder");
  if (!fs::is_directory(folder)) throw_data(name, ": is a file; give the folder of a run");
  if (fs::exists(folder / "run.json")) return;
  const bool is_model = fs::exists(folder / "config.json");
  throw_data(name, is_model ? ": is a model folder, not a run; give the folder that --out named"
                            : ": holds no run (no run.json); give the folder that --out named");
}

}  // namespace

const Series* RunData::find(const std::string& name) const {
  const auto found =
      std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.name == name; });
  return found == series.end() ? nullptr : &*found;
}

RunData read_run(const fs::path& folder) {
  check_is_run(folder);
  RunData run;
  run.folder = folder;
  const fs::path record = folder / "run.json";
  run.record = parse_json(utf8::replace_invalid(read_file(record)), record.string());
  if (!run.record.is_object()) throw_data(record.string(), ": is not a JSON object");
  const fs::path metrics = folder / "metrics.jsonl";
  if (fs::exists(metrics)) MetricsReader(run, metrics.string()).read(MappedFile(metrics).text());
  std::erase_if(run.series, [](const Series& s) {
    return std::none_of(s.values.begin(), s.values.end(),
                        [](double v) { return std::isfinite(v); });
  });
  run.finished = fs::exists(folder / "model");
  return run;
}

}  // namespace slovo
