#include "train/loop.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/log.h"
#include "optim/schedule.h"
#include "train/state_files.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

/// The shape of the model that is trained.
ModelConfig trained_shape(const Objective& objective) {
  for (const RoleModel& each : objective.models()) {
    if (each.role == ModelRole::policy) return each.model->config();
  }
  SLOVO_CHECK(false, "an objective without a policy");
}

}  // namespace

TrainLoop::TrainLoop(const TrainConfig& config, Objective& objective, FlatParameters& parameters,
                     RunFolder& run, TrainHooks hooks, Json resolved)
    : config_(config),
      objective_(objective),
      parameters_(parameters),
      run_(run),
      hooks_(std::move(hooks)),
      resolved_(std::move(resolved)),
      optimizer_(make_optimizer(parameters, config, trained_shape(objective))),
      watch_(run, config, parameters.grad().device()) {
  if (config.ema_decay > 0) average_.emplace(parameters, config.ema_decay);
  if (config.cuda_graph) graph_.emplace(objective, parameters.grad().device());
  if (const auto checkpoint = run_.newest_checkpoint()) resume_from(*checkpoint);
}

TrainOutcome TrainLoop::run() {
  watch_.open(step_);
  if (step_ > 0 && due(config_.eval_every) && evaluated_at_ != step_) evaluate();
  if (step_ == 0 && hooks_.look_first) {
    evaluate();
    if (config_.sample_every > 0) sample();
  }
  while (!finished() && !interrupted()) {
    make_step();
    if (must_read()) show_steps();
    after_step();
  }
  show_steps();
  const bool done = finished() && evaluated_at_ == step_;
  if (!done && checkpoint_at_ != step_) write_checkpoint();
  watch_.finish();
  if (done) write_model();
  watch_.write_page();
  const bool best = config_.keep_best && best_;
  return {!done, done && step_ < config_.steps, step_, watch_.tokens(),
          best ? best_->loss : watch_.valid_loss()};
}

/// The final model: the last step's, or that of the best validation.
void TrainLoop::write_model() {
  if (config_.keep_best && best_ && best_->step != step_) {
    log::info(cat("the model is that of step ", best_->step,
                  ", which had the best validation loss, ", fixed(best_->loss, 4)));
    run_.write_model([&](const fs::path& folder) {
      fs::copy(run_.best_folder(), folder, fs::copy_options::recursive);
    });
    return;
  }
  const auto shown = show_average();
  run_.write_model(hooks_.save_model);
}

/// One optimizer step: `step_` counts it when it is done, `unread_` holds what it was.
void TrainLoop::make_step() {
  if (unread_.empty()) unread_since_ = Clock::now();
  const StepWork work = objective_.prepare(step_);
  Unread made;
  made.loss = accumulate(work);
  made.grad_norm = optimizer_->grad_norm();
  made.report.lr = learning_rate(config_, step_);
  made.report.step = ++step_;
  optimizer_->update(step_, made.report.lr, optimizer_->clip(made.grad_norm));
  if (average_) average_->update(step_);
  made.report.tokens = work.tokens;
  made.report.more = objective_.metrics();
  unread_.push_back(std::move(made));
}

/// Leaves the step's gradient in the flat buffer and returns the step's loss.
at::Tensor TrainLoop::accumulate(const StepWork& work) {
  const double scale = work.weight > 0 ? 1 / work.weight : 0;
  at::Tensor total = at::zeros({}, parameters_.grad().options());
  for (const Batch& micro_batch : work.micro_batches) {
    total = total + (graph_ ? graph_->pass(micro_batch, scale)
                            : forward_backward(objective_, micro_batch, scale));
  }
  return total;
}

/// On a CPU the numbers are there at once; a GPU is asked for them only where they are shown, or
/// where something is made of the weights that must not be when they are no numbers.
bool TrainLoop::must_read() const {
  return parameters_.grad().is_cpu() || due(config_.log_every) || due(config_.eval_every) ||
         due(config_.checkpoint_every) || due(config_.sample_every);
}

/// What the steps since the last reading were; the time they took together is shared out evenly.
std::vector<StepReport> TrainLoop::read_steps() {
  if (unread_.empty()) return {};
  std::vector<at::Tensor> numbers;
  for (const Unread& step : unread_) {
    numbers.push_back(step.loss.to(at::kDouble));
    numbers.push_back(step.grad_norm.to(at::kDouble));
  }
  const at::Tensor read = at::stack(numbers).cpu();
  const std::chrono::duration<double> taken = Clock::now() - unread_since_;
  const double* number = read.const_data_ptr<double>();
  std::vector<StepReport> out;
  for (Unread& step : unread_) {
    step.report.loss = *number++;
    step.report.grad_norm = *number++;
    step.report.seconds = taken.count() / static_cast<double>(unread_.size());
    check_finite(step.report.step, step.report.loss, "loss");
    check_finite(step.report.step, step.report.grad_norm, "gradient's norm");
    out.push_back(std::move(step.report));
  }
  unread_.clear();
  return out;
}

void TrainLoop::show_steps() {
  for (const StepReport& report : read_steps()) watch_.step(report);
}

void TrainLoop::check_finite(int64_t step, double value, const char* what) const {
  if (std::isfinite(value)) return;
  std::vector<std::string> texts = objective_.sources(step - 1);
  constexpr size_t kNamed = 8;
  const size_t more = texts.size() > kNamed ? texts.size() - kNamed : 0;
  texts.resize(std::min(texts.size(), kNamed));
  const auto good = run_.newest_checkpoint();
  throw_io(
      "step ", step, ": the ", what, " is ", value, "; its batch held ", join(texts, "; "),
      more > 0 ? cat("; and ", more, " more") : "", ". ",
      good ? cat("the last good checkpoint is ", good->string()) : "there is no checkpoint yet",
      "; try a lower --train.lr, a longer --train.warmup_steps or --train.grad_clip 1");
}

bool TrainLoop::finished() const {
  const bool patient = config_.patience == 0 || !best_ || best_->since < config_.patience;
  return step_ >= config_.steps || !patient;
}

bool TrainLoop::due(int64_t every) const { return finished() || (every > 0 && step_ % every == 0); }

void TrainLoop::after_step() {
  // A signal asks to stop soon: what is left out here is made up for when the run is resumed.
  const bool stopping = interrupted() && step_ < config_.steps;
  if (due(config_.eval_every) && !stopping) evaluate();
  if (config_.sample_every > 0 && due(config_.sample_every) && !stopping) sample();
  if (due(config_.checkpoint_every)) {
    write_checkpoint();
    if (!finished()) watch_.write_page();  // the last one is written by run()
  }
}

void TrainLoop::sample() {
  if (!hooks_.sample) return;
  const auto shown = show_average();
  watch_.samples(step_, hooks_.sample(step_));
}

std::unique_ptr<WeightAverage::Shown> TrainLoop::show_average() {
  return average_ ? std::make_unique<WeightAverage::Shown>(*average_) : nullptr;
}

NamedTensors TrainLoop::trainer_tensors() const {
  NamedTensors out = optimizer_->state();
  if (!average_) return out;
  for (auto& named : average_->state()) out.push_back(std::move(named));
  return out;
}

void TrainLoop::evaluate() {
  const auto shown = show_average();
  const auto loss = objective_.validate();
  if (interrupted()) return;  // perhaps cut short; made up for when the run is resumed
  evaluated_at_ = step_;
  if (!loss) return;
  watch_.validation(step_, *loss, objective_.validation_metrics());
  if (step_ > 0) compare(*loss);
}

/// Keeps the best model, and says when the validation loss has turned while the other falls on.
void TrainLoop::compare(double loss) {
  const double train_loss = watch_.smooth_loss().value_or(0);
  if (!best_ || loss < best_->loss) {
    best_ = Best{loss, step_, train_loss, 0};
    if (config_.keep_best) run_.write_best(hooks_.save_model);
    return;
  }
  ++best_->since;
  const bool over_fits = loss > best_->loss + 0.01 && train_loss < best_->train_loss;
  if (over_fits && best_->since == 2) {
    log::warn(cat("the validation loss has risen from ", fixed(best_->loss, 4), " (step ",
                  best_->step, ") to ", fixed(loss, 4),
                  " while the training loss falls: the model "
                  "learns the examples by heart; train less (--train.epochs), or give more data",
                  config_.keep_best ? "" : ", or keep the best model (--train.keep_best)"));
  }
}

void TrainLoop::write_checkpoint() {
  const Json state = {{"step", step_},
                      {"evaluated_at", evaluated_at_},
                      {"watch", watch_.state()},
                      {"objective", objective_.state()},
                      {"best", best_ ? Json{{"loss", best_->loss},
                                            {"step", best_->step},
                                            {"train_loss", best_->train_loss},
                                            {"since", best_->since}}
                                     : Json()},
                      {"config", resolved_}};
  const auto shown = show_average();
  const fs::path written = run_.write_checkpoint(
      step_,
      [&](const fs::path& folder) {
        hooks_.save_model(folder);
        write_trainer_state(folder / "trainer", trainer_tensors(), state);
      },
      config_.keep);
  checkpoint_at_ = step_;
  log::debug(cat("wrote ", written.string()));
}

void TrainLoop::resume_from(const fs::path& checkpoint) {
  const Json state = read_trainer_state(checkpoint / "trainer", trainer_tensors());
  hooks_.load_model(checkpoint);
  parameters_.master_changed();
  if (average_) average_->exchange();  // the folder's model is the mean
  step_ = checkpoint_at_ = state.at("step").get<int64_t>();
  evaluated_at_ = state.at("evaluated_at").get<int64_t>();
  watch_.restore(state.at("watch"), step_);
  objective_.restore(state.at("objective"));
  if (const Json best = state.value("best", Json()); !best.is_null()) {
    best_ = Best{best.at("loss"), best.at("step"), best.at("train_loss"), best.at("since")};
  }
  log::info(cat("resuming from ", checkpoint.string()));
}

}  // namespace slovo
