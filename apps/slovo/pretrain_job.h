// The work behind `slovo pretrain`: from text files to a run folder. The command file only reads
// options.
#pragma once

#include <optional>
#include <string>

#include "data/corpus.h"
#include "data/loader.h"
#include "pretrain_plan.h"
#include "train/causal.h"
#include "training_job.h"

namespace slovo {

class PretrainJob : public TrainingJob {
 public:
  explicit PretrainJob(TrainingRequest request);
  /// Returns the exit code.
  int run();

 private:
  void open_tokenizer(const Corpus& corpus);
  void open_data(const Corpus& corpus);
  void resolve_model();
  Json fingerprints(const Corpus& corpus) const;
  void tell_size() const;
  Json sample(int64_t step) override;
  double epochs() const;
  Json summary() const;
  CausalData causal_data();
  PretrainPlan plan() const;
  void rehearse(PretrainPlan& plan);
  int dry_run(const std::string& cache);
  int report(const TrainOutcome& outcome);
  std::string example_prompt();

  std::optional<TrainLoader> train_;
  std::optional<ValidLoader> valid_;
};

}  // namespace slovo
