// The work behind `slovo pretrain`: from text files to a run folder. The command file only reads
// options.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "core/json.h"
#include "data/corpus.h"
#include "data/loader.h"
#include "io/model_folder.h"
#include "model/transformer.h"
#include "pretrain_plan.h"
#include "tokenizer/tokenizer.h"
#include "train/causal.h"
#include "train/checkpoint.h"
#include "train/loop.h"

namespace slovo {

struct PretrainRequest {
  RunConfig config;
  std::filesystem::path out;
  std::string model;                  ///< continued pretraining: what to start from
  std::optional<BranchPoint> branch;  ///< of another run, which this one goes on from
  bool resume = false;
  bool dry_run = false;
  bool json = false;
  std::string command;                                ///< as typed, for run.json
  std::function<bool(const std::string& key)> given;  ///< whether the user gave this field
};

class PretrainJob {
 public:
  explicit PretrainJob(PretrainRequest request);
  /// Returns the exit code.
  int run();

 private:
  std::optional<Json> earlier_record() const;
  std::optional<std::filesystem::path> start_checkpoint() const;
  void open_base();
  void open_tokenizer(const Corpus& corpus);
  void open_data(const Corpus& corpus);
  void resolve_model();
  void check_space() const;
  void check_memory() const;
  Json resolved() const;
  Json checked_record(const Corpus& corpus) const;
  void build_model();
  TrainOutcome train(const Json& record);
  TrainHooks hooks();
  Json sample(int64_t step);
  double epochs() const;
  Json summary() const;
  CausalData causal_data();
  PretrainPlan plan() const;
  void rehearse(PretrainPlan& plan);
  int dry_run(const std::string& cache);
  int report(const TrainOutcome& outcome);
  std::string example_prompt();

  PretrainRequest request_;
  RunConfig& config_;
  at::Device device_;
  at::ScalarType dtype_;
  int threads_;
  std::optional<RunFolder> folder_;
  std::filesystem::path
      base_;  ///< the folder of weights to start from: a model or a checkpoint; or empty
  std::optional<FolderConfig> base_config_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::optional<TrainLoader> train_;
  std::optional<ValidLoader> valid_;
  Transformer model_{nullptr};
  std::optional<FlatParameters> parameters_;
};

}  // namespace slovo
