// `slovo pretrain --budget`: settles a run for an amount of time or arithmetic. It measures what
// steps cost, chooses by the rules of train/budget.h, and predicts the loss from short trial runs.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "config/config.h"
#include "core/json.h"
#include "train/budget.h"

namespace slovo {

/// Seconds of a step and of a whole validation.
struct RunCost {
  double step = 0, validation = 0;
};

/// What the job does for the budget, with the config as it is at that moment.
struct BudgetHands {
  std::function<RunCost(double seconds)> measure;  ///< times steps for about so long
  /// The validation loss behind a whole run of so many steps.
  std::function<std::optional<double>(int64_t steps)> try_run;
};

class BudgetPlanner {
 public:
  using Clock = std::chrono::steady_clock;

  /// `config`'s fields are set but for those given. A budget of time counts from `start`. Throws
  /// Error(config) for a budget that is none, and one that leaves nothing to choose.
  BudgetPlanner(const std::string& budget, RunConfig& config,
                std::function<bool(const std::string& key)> given, Clock::time_point start);
  /// Settles the config for a text of so many tokens. Returns what run.json holds of it.
  Json settle(int64_t text_tokens, const BudgetHands& hands);

 private:
  bool timed() const { return budget_.seconds > 0; }
  double left() const;
  void choose_shape(const BudgetHands& hands);
  void fill_time();
  void make_trials(const BudgetHands& hands);
  void tell() const;
  double tokens() const;
  Json record() const;

  std::string text_;
  Budget budget_;
  RunConfig& config_;
  std::function<bool(const std::string& key)> given_;
  Clock::time_point start_;
  double text_tokens_ = 0;
  double flops_ = 0;
  bool short_of_text_ = false;  ///< more passes over the text would be pointless
  RunCost cost_;
  bool tried_ = false;  ///< the trial runs are behind us
  std::vector<Trial> trials_;
  std::optional<Prediction> prediction_;
};

/// "1.52 (1.47 to 1.60)".
std::string prediction_text(const Json& record);

}  // namespace slovo
