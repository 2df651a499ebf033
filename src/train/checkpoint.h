// The run folder, of which this is the only owner: what lies where, how it is written so that a
// kill at any instant loses nothing, and who may write it. Knows neither models nor optimizers: it
// is given functions that fill a folder.
//
//   RUN/run.json                      how the run was started (train/run_record.h)
//   RUN/metrics.jsonl                 one object a logged step
//   RUN/checkpoints/step-00000500/    a model folder, plus trainer/
//   RUN/model/                        the final model folder
//   RUN/best/                         the model of the best validation, with train.keep_best
//   RUN/tb/                           the metrics as TensorBoard's event files
//   RUN/report.html                   the run as a page
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "core/files.h"
#include "core/json.h"

namespace slovo {

enum class Existing {
  refuse,  ///< a new run: the folder must be absent or empty
  resume,  ///< goes on with the run in the folder; starts one where there is none yet
};

/// Throws Error(config) with advice when `root` cannot be used so. Writes nothing.
void check_run_folder(const std::filesystem::path& root, Existing existing);

/// A checkpoint of a run, from which another run branches off.
struct BranchPoint {
  std::filesystem::path checkpoint;  ///< RUN/checkpoints/step-N
  std::filesystem::path run;
  int64_t step = 0;

  Json record() const;  ///< run.json of the run
};
/// Throws Error(config) that says what was looked for when `checkpoint` is no such folder.
BranchPoint find_branch_point(const std::filesystem::path& checkpoint);

class RunFolder {
 public:
  using Fill = std::function<void(const std::filesystem::path&)>;

  /// Checks and makes the folder, locks it against a second process for as long as this object
  /// lives, and removes what a killed run left half-written.
  RunFolder(std::filesystem::path root, Existing existing);
  /// A run that failed before it had a record leaves no trace: folders made for it are removed
  /// again.
  ~RunFolder();
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path model_folder() const { return root_ / "model"; }
  std::filesystem::path best_folder() const { return root_ / "best"; }
  std::filesystem::path tensorboard_folder() const { return root_ / "tb"; }
  std::filesystem::path report_path() const { return root_ / "report.html"; }
  /// run.json of an earlier start, or nothing.
  std::optional<Json> record() const;
  void write_record(const Json& record);

  /// The checkpoint with the highest step, or nothing.
  std::optional<std::filesystem::path> newest_checkpoint() const;
  /// Writes the checkpoint of `step` whole or not at all; then, and only then, removes all but the
  /// `keep` newest. Throws Error(io), and what was there stays as it is.
  std::filesystem::path write_checkpoint(int64_t step, const Fill& fill, int64_t keep);
  /// Makes another run's checkpoint, and its metrics, this run's own.
  void start_from(const BranchPoint& point);
  /// Writes RUN/model whole or not at all.
  void write_model(const Fill& fill);
  /// Writes RUN/best whole or not at all.
  void write_best(const Fill& fill);

  /// Opens metrics.jsonl for appending, cut back to what was known after `step` steps: lines of
  /// later steps, and one torn by a kill, are removed.
  void open_metrics(int64_t step);
  /// Appends a line; readers see it at once and whole.
  void append_metrics(const Json& line);

 private:
  std::filesystem::path metrics_path() const { return root_ / "metrics.jsonl"; }
  std::vector<std::filesystem::path> checkpoints() const;

  std::filesystem::path root_;
  std::vector<std::filesystem::path>
      made_;  ///< folders that were not there before, the innermost first
  std::optional<FileLock> lock_;
  int metrics_ = -1;
};

}  // namespace slovo
