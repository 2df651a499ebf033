// Watching a run: lines of metrics.jsonl, the same for TensorBoard, the page, and the progress
// line. Everything here may be removed without changing what is trained.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "report/tensorboard.h"
#include "train/checkpoint.h"

namespace slovo {

/// What one optimizer step was.
struct StepReport {
  int64_t step = 0;    ///< counted from 1: steps done
  int64_t tokens = 0;  ///< of this step
  double loss = 0;
  double lr = 0;
  double grad_norm = 0;  ///< before clipping
  double seconds = 0;    ///< of the step alone
  std::vector<std::pair<std::string, double>> more;
};

class Watch {
 public:
  Watch(RunFolder& run, const TrainConfig& config, at::Device device);

  /// Opens the records of a run that has done `step` steps; what they hold of later ones is
  /// dropped.
  void open(int64_t step);

  void step(const StepReport& report);
  void validation(int64_t step, double loss,
                  const std::vector<std::pair<std::string, double>>& more);
  void samples(int64_t step, const Json& samples);
  /// Wipes the progress line.
  void finish();
  /// Writes the run's page; that it cannot be written is a warning only.
  void write_page() const;

  int64_t tokens() const { return tokens_; }
  /// Time spent on the run, that before a resumption included.
  double seconds() const { return seconds_before_ + since_start(); }
  std::optional<double> valid_loss() const { return valid_loss_; }
  /// Of the steps.
  std::optional<double> smooth_loss() const { return smooth_loss_; }
  /// Token count and smoothed loss, for the checkpoint.
  Json state() const;
  void restore(const Json& state, int64_t step);

 private:
  using Clock = std::chrono::steady_clock;
  void record(const Json& line);
  void write_metrics(const StepReport& report);
  double since_start() const;
  /// Of at most `columns` characters.
  std::string line(const StepReport& report, size_t columns) const;
  void show(const StepReport& report);

  RunFolder& run_;
  std::optional<TensorBoardWriter> board_;
  const TrainConfig& config_;
  at::Device device_;
  int64_t tokens_ = 0;
  std::optional<double> smooth_loss_;
  std::optional<double> valid_loss_;
  double rate_ = 0;            ///< smoothed tokens a second, for the progress line
  int64_t window_tokens_ = 0;  ///< since the last line of metrics.jsonl
  double window_seconds_ = 0;
  int64_t first_step_ = 0;
  double seconds_before_ = 0;  ///< of the run, up to the checkpoint it was resumed from
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_;
};

}  // namespace slovo
