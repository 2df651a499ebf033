// What a run folder tells: run.json as it is, metrics.jsonl as columns. Reads only; a run that is
// still going on may be read at any time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"

namespace slovo {

/// One metric over a run, in the order of its rows. All columns are equally long; what is missing
/// or not finite is NaN.
struct Series {
  std::string name;  ///< its key in metrics.jsonl
  std::vector<int64_t> steps;
  std::vector<double> tokens;
  std::vector<double> seconds;  ///< time in training until then
  std::vector<double> values;
};

struct SampleText {
  std::string prompt;
  std::string text;
};

/// What the model wrote after `step` steps.
struct SampleStep {
  int64_t step = 0;
  std::vector<SampleText> texts;
};

struct RunData {
  std::filesystem::path folder;
  Json record;                 ///< run.json
  std::vector<Series> series;  ///< in the order in which they first appear
  std::vector<SampleStep> samples;
  bool finished = false;  ///< the final model is there

  /// The series of that name, or nullptr.
  const Series* find(const std::string& name) const;
};

/// Reads RUN/run.json and RUN/metrics.jsonl. Every key of a metrics line with a number becomes a
/// series. A last line without its newline is of a run that is being written: taken when whole,
/// else left out. Without metrics.jsonl there are no series. Throws Error(data) with file and line
/// for what is no run or is damaged.
RunData read_run(const std::filesystem::path& folder);

}  // namespace slovo
