#include "pretrain_budget.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "model/transformer.h"

namespace slovo {
namespace {

/// Trial runs have these shares of the run's steps; together they take a little over a fifth of its
/// time.
constexpr int64_t kTrialParts[] = {32, 16, 8};
constexpr double kTrialShare = 1.0 / 32 + 1.0 / 16 + 1.0 / 8;
/// Fewer steps in the shortest trial would be mostly warm-up.
constexpr int64_t kLeastTrialSteps = 20;
/// Operations a second where nothing has been measured yet.
constexpr double kFirstGuess = 1e11;
/// Of a budget of time: what a measurement takes, and what starting and writing take at the end.
constexpr double kMeasureShare = 0.02, kSlackShare = 0.02;
constexpr double kMostMeasureSeconds = 4;

bool affords_trials(int64_t steps) { return steps >= kTrialParts[0] * kLeastTrialSteps; }

}  // namespace

BudgetPlanner::BudgetPlanner(const std::string& budget, RunConfig& config,
                             std::function<bool(const std::string& key)> given,
                             Clock::time_point start)
    : text_(budget),
      budget_(parse_budget(budget)),
      config_(config),
      given_(std::move(given)),
      start_(start) {
  const bool shape = given_("model.hidden_size") && given_("model.num_hidden_layers");
  const bool length = given_("train.steps") && given_("train.batch_size");
  if (shape && (length || given_("train.epochs"))) {
    throw_config("--budget ", budget, " has nothing to choose: model and length are settled by ",
                 length ? "train.steps and train.batch_size" : "train.epochs",
                 ", model.hidden_size and model.num_hidden_layers; leave some of them out");
  }
}

double BudgetPlanner::left() const {
  const std::chrono::duration<double> used = Clock::now() - start_;
  return budget_.seconds * (1 - kSlackShare) - used.count();
}

double BudgetPlanner::tokens() const {
  return static_cast<double>(config_.train.rows_before(config_.train.steps) * config_.data.seq_len);
}

Json BudgetPlanner::settle(int64_t text_tokens, const BudgetHands& hands) {
  text_tokens_ = static_cast<double>(text_tokens);
  choose_shape(hands);
  fill_time();
  tell();
  make_trials(hands);
  tried_ = true;
  fill_time();
  return record();
}

/// Larger models compute faster, so that what is chosen depends on the speed measured of it.
void BudgetPlanner::choose_shape(const BudgetHands& hands) {
  constexpr int kMostRounds = 3;
  const double seconds = timed() ? std::min(kMostMeasureSeconds, kMeasureShare * budget_.seconds)
                                 : kMostMeasureSeconds;
  double rate = kFirstGuess;
  for (int round = 0; round < kMostRounds; ++round) {
    const RunConfig before = config_;
    flops_ = timed() ? rate * std::max(left() / (1 + kTrialShare), 0.1) : budget_.flops;
    const double used = derive_run(config_, given_, flops_, static_cast<int64_t>(text_tokens_));
    short_of_text_ = used < 0.99 * flops_;
    if (round > 0 && config_.model.hidden_size == before.model.hidden_size &&
        config_.model.num_hidden_layers == before.model.num_hidden_layers) {
      cost_.step *= static_cast<double>(config_.train.batch_size) /
                    static_cast<double>(before.train.batch_size);
      break;
    }
    cost_ = hands.measure(seconds);
    rate = used / (static_cast<double>(config_.train.steps) * cost_.step);
  }
  const double run = static_cast<double>(config_.train.steps) * cost_.step;
  const bool cheap = 5 * cost_.validation < 0.05 * run;
  if (!given_("train.eval_every")) config_.train.eval_every = cheap ? config_.train.steps / 5 : 0;
}

/// As many steps as the time that is left allows, trial runs included where they are still to come.
void BudgetPlanner::fill_time() {
  TrainConfig& train = config_.train;
  if (!timed() || given_("train.steps") || given_("train.epochs")) return;
  const bool trials = !tried_ && affords_trials(train.steps);
  const double steps = (left() - cost_.validation * (trials ? 4 : 1)) /
                       (cost_.step * (trials ? 1 + kTrialShare : 1));
  const auto most = std::max<int64_t>(1, static_cast<int64_t>(steps));
  train.steps = short_of_text_ ? std::min(train.steps, most) : most;
  if (!given_("train.eval_every") && train.eval_every > 0)
    train.eval_every = std::max<int64_t>(1, train.steps / 5);
}

void BudgetPlanner::make_trials(const BudgetHands& hands) {
  const int64_t steps = config_.train.steps;
  if (!affords_trials(steps)) {
    log::info("too few steps for trial runs: no loss is predicted");
    return;
  }
  for (const int64_t part : kTrialParts) {
    const int64_t length = steps / part;
    log::info(cat("trial run of ", length, " steps"));
    const auto loss = hands.try_run(length);
    if (!loss) return;
    const double seen = tokens() * static_cast<double>(length) / static_cast<double>(steps);
    trials_.push_back({effective_tokens(seen, text_tokens_), *loss});
  }
  prediction_ = predict_loss(trials_, effective_tokens(tokens(), text_tokens_));
}

void BudgetPlanner::tell() const {
  const ModelConfig& model = config_.model;
  const TrainConfig& train = config_.train;
  const auto parameters = static_cast<double>(product_parameters(model));
  log::info(cat("budget of ", text_, ": ", counted(model.num_hidden_layers, "layer"), " of width ",
                model.hidden_size, " with ", counted(model.num_attention_heads, "head"), ", ",
                human_count(parameters), " parameters; ", with_commas(train.steps), " steps of ",
                counted(train.batch_size, "row"), ", rate ", train.highest_lr()));
  log::info(cat(human_count(tokens()), " tokens: ", fixed(tokens() / parameters, 1),
                " for each parameter, ", fixed(tokens() / text_tokens_, 1), " epochs; about ",
                human_duration(static_cast<double>(train.steps) * cost_.step)));
  if (short_of_text_) {
    log::warn(cat("the text of ", human_count(text_tokens_), " tokens is short for a budget of ",
                  text_,
                  ": more passes would teach little, so the run takes less; give more text"));
  }
}

Json BudgetPlanner::record() const {
  const auto parameters = static_cast<double>(product_parameters(config_.model));
  Json out = {{"asked", text_},
              {"tokens_per_parameter", tokens() / parameters},
              {"epochs", tokens() / text_tokens_},
              {"step_seconds", cost_.step}};
  if (!prediction_) return out;
  out["trials"] = Json::array();
  for (const Trial& trial : trials_)
    out["trials"].push_back({{"tokens", trial.tokens}, {"val_loss", trial.loss}});
  out["predicted_loss"] = {
      {"best", prediction_->loss}, {"low", prediction_->low}, {"high", prediction_->high}};
  return out;
}

std::string prediction_text(const Json& record) {
  const auto part = [&](const char* key) {
    return fixed(record.at("predicted_loss").at(key).get<double>(), 2);
  };
  return cat(part("best"), " (", part("low"), " to ", part("high"), ")");
}

}  // namespace slovo
