// The work behind `slovo pretrain`: from text files to a run folder. The command file only reads
// options.
#pragma once

#include <optional>
#include <string>

#include "data/corpus.h"
#include "data/loader.h"
#include "pretrain_budget.h"
#include "pretrain_plan.h"
#include "train/causal.h"
#include "training_job.h"

namespace slovo {

class PretrainJob : public TrainingJob {
 public:
  /// `budget`: as typed; "" for none.
  PretrainJob(TrainingRequest request, const std::string& budget);
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
  void settle_budget(const Corpus& corpus);
  RunCost measure(double seconds);
  std::optional<double> try_run(int64_t steps);
  PretrainPlan plan() const;
  void rehearse(PretrainPlan& plan, double seconds);
  int dry_run(const std::string& cache);
  int report(const TrainOutcome& outcome);
  std::string example_prompt();

  std::optional<BudgetPlanner> budget_;
  Json budget_record_;  ///< null without a budget
  std::optional<TrainLoader> train_;
  std::optional<ValidLoader> valid_;
};

}  // namespace slovo
