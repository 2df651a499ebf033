// What every training command does around the one loop: the run folder, the model to start from,
// the record of the start, the checks before anything is made, and what is saved. The commands
// bring their data and their objective.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/json.h"
#include "io/model_folder.h"
#include "model/transformer.h"
#include "optim/flat_parameters.h"
#include "tokenizer/tokenizer.h"
#include "train/checkpoint.h"
#include "train/loop.h"

namespace slovo {

struct TrainingRequest {
  RunConfig config;
  std::filesystem::path out;
  std::string model;                  ///< what to start from; "" from nothing
  std::optional<BranchPoint> branch;  ///< of another run, which this one goes on from
  bool resume = false;
  bool dry_run = false;
  bool json = false;
  std::string command;                                ///< as typed, for run.json
  std::function<bool(const std::string& key)> given;  ///< whether the user gave this field
};

/// Settings below a command's own, with the file that they come from.
using Settings = std::optional<std::pair<Json, std::string>>;
/// The settings that a run recorded.
Settings recorded_settings(const std::filesystem::path& run);
/// With --resume, those of the run in `out`; a warning where there is none.
Settings resumed_settings(const TrainingRequest& request, const std::string& out);

/// A folder under the system's temporary one that is gone at the end: a dry run leaves nothing.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

int64_t parameter_total(const ModelConfig& config);

class TrainingJob {
 public:
  /// `name`: "pretrain"; `sections`: those of the config that are recorded.
  TrainingJob(TrainingRequest request, std::string name, std::vector<std::string> sections);
  virtual ~TrainingJob() = default;

 protected:
  /// Opens the run folder; of a dry run a scratch folder that stands for it.
  void open_run_folder();
  /// run.json of the run that goes on here: an earlier start of this one, or that of the branch.
  std::optional<Json> earlier_record() const;
  std::optional<std::filesystem::path> start_checkpoint() const;
  /// A run that goes on starts from the model that it started from.
  void take_recorded_model();
  /// Finds the weights to start from and takes the model's shape over from them.
  void open_base();

  /// Rows of a validation's batches.
  int64_t validation_rows() const;
  Json resolved() const;
  /// The record of this start; refuses one that is not of the same run as an earlier start.
  Json checked_record(const Json& fingerprints) const;
  void check_space() const;
  /// A process that takes more than there is would be killed without a word.
  void check_memory() const;
  /// Weights, their bf16 copy, gradients and what the optimizer keeps.
  virtual int64_t state_bytes() const;
  /// What the optimizer keeps.
  int64_t moment_bytes() const;

  /// Makes the model and fills it, for training.
  virtual void build_model();
  /// All weights in fp32, by the model's names.
  virtual NamedTensors saved_weights() const { return parameters_->masters(); }
  virtual void save_model(const std::filesystem::path& folder);
  virtual void load_model(const std::filesystem::path& folder);
  /// Texts of the model as it is now: [{"prompt", "text"}, ...].
  virtual Json sample(int64_t step) = 0;
  TrainHooks hooks();
  TrainOutcome train(Objective& objective, const Json& record);
  /// Tells how to go on; returns the exit code.
  int interrupted(const TrainOutcome& outcome) const;

  TrainingRequest request_;
  RunConfig& config_;
  std::string name_;
  std::vector<std::string> sections_;
  at::Device device_;
  at::ScalarType dtype_;
  int threads_;
  std::optional<ScratchFolder> scratch_;
  std::optional<RunFolder> folder_;
  /// The folder of weights to start from: a model or a checkpoint; or empty.
  std::filesystem::path base_;
  std::optional<FolderConfig> base_config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  Transformer model_{nullptr};
  std::optional<FlatParameters> parameters_;
  bool look_first_ = false;  ///< validate and sample before the first step too
  Json generation_;  ///< generation_config.json of what is saved; null makes one of the special ids
};

}  // namespace slovo
