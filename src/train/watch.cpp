#include "train/watch.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/terminal.h"
#include "report/page.h"
#include "train/device_memory.h"

namespace slovo {
namespace {

constexpr double kLossDecay = 0.95;
constexpr double kRateDecay = 0.9;
constexpr double kDrawSeconds = 0.1;
constexpr double kLineSeconds = 10;
constexpr int kBarColumns = 12;

double smoothed(double before, double now, double decay) {
  return decay * before + (1 - decay) * now;
}

double unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string short_rate(double lr) {
  std::ostringstream out;
  out.precision(2);
  out << std::scientific << lr;
  return out.str();
}

}  // namespace

Watch::Watch(RunFolder& run, const TrainConfig& config, at::Device device)
    : run_(run), config_(config), device_(device) {}

void Watch::open(int64_t step) {
  run_.open_metrics(step);
  board_.emplace(run_.tensorboard_folder(), unix_seconds(), step);
}

void Watch::record(const Json& line) {
  run_.append_metrics(line);
  board_->metrics(line, unix_seconds());
}

void Watch::write_page() const {
  try {
    write_report({run_.root()}, run_.report_path());
  } catch (const Error& error) {
    log::warn(cat("no page of the run: ", error.what()));
  }
}

void Watch::step(const StepReport& report) {
  tokens_ += report.tokens;
  window_tokens_ += report.tokens;
  window_seconds_ += report.seconds;
  const double rate = static_cast<double>(report.tokens) / std::max(report.seconds, 1e-9);
  rate_ = rate_ == 0 ? rate : smoothed(rate_, rate, kRateDecay);
  smooth_loss_ = smooth_loss_ ? smoothed(*smooth_loss_, report.loss, kLossDecay) : report.loss;
  if (report.step % config_.log_every == 0 || report.step == config_.steps) write_metrics(report);
  show(report);
}

void Watch::write_metrics(const StepReport& report) {
  Json line = {{"step", report.step},
               {"tokens", tokens_},
               {"loss", report.loss},
               {"lr", report.lr},
               {"grad_norm", report.grad_norm},
               {"tokens_per_s",
                std::round(static_cast<double>(window_tokens_) / std::max(window_seconds_, 1e-9))},
               {"memory_bytes", memory_in_use(device_)},
               {"seconds", std::round(seconds() * 1000) / 1000}};
  for (const auto& [name, value] : report.more) line[name] = value;
  record(line);
  window_tokens_ = 0;
  window_seconds_ = 0;
}

void Watch::validation(int64_t step, double loss,
                       const std::vector<std::pair<std::string, double>>& more) {
  valid_loss_ = loss;
  Json line = {
      {"step", step}, {"tokens", tokens_}, {"val_loss", loss}, {"val_perplexity", std::exp(loss)}};
  for (const auto& [name, value] : more) line[name] = value;
  record(line);
  log::info(cat("step ", step, ": validation loss ", fixed(loss, 4), ", perplexity ",
                fixed(std::exp(loss), 2)));
}

void Watch::samples(int64_t step, const Json& samples) {
  record({{"step", step}, {"tokens", tokens_}, {"samples", samples}});
}

double Watch::since_start() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

void Watch::finish() { LiveLine::clear(); }

std::string Watch::line(const StepReport& report, size_t columns) const {
  const double elapsed = since_start();
  const auto done = static_cast<double>(report.step - first_step_);
  const double left = elapsed / done * static_cast<double>(config_.steps - report.step);
  return fitted({{0, cat("step ", report.step, "/", config_.steps)},
                 {1, cat("loss ", fixed(*smooth_loss_, 4))},
                 {4, valid_loss_ ? cat("val ", fixed(*valid_loss_, 4)) : ""},
                 {5, cat("lr ", short_rate(report.lr))},
                 {3, cat(human_count(rate_), " tok/s")},
                 {2, cat(human_duration(left), " left")},
                 {6, human_bytes(static_cast<double>(memory_in_use(device_)))}},
                columns);
}

void Watch::show(const StepReport& report) {
  const bool live = is_terminal(Stream::err);
  const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
  const bool edge = report.step == first_step_ + 1 || report.step == config_.steps;
  if (since < (live ? kDrawSeconds : kLineSeconds) && !edge) return;
  shown_ = Clock::now();
  if (live) {
    const double share = static_cast<double>(report.step) / static_cast<double>(config_.steps);
    const std::string bar = progress_bar(share, kBarColumns) + " ";
    LiveLine::draw(bar +
                   line(report, static_cast<size_t>(terminal_width(Stream::err)) - bar.size() - 1));
  } else {
    log::info(line(report, std::string::npos));
  }
}

Json Watch::state() const {
  return {{"tokens", tokens_},
          {"seconds", seconds()},
          {"smooth_loss", smooth_loss_ ? Json(*smooth_loss_) : Json()},
          {"valid_loss", valid_loss_ ? Json(*valid_loss_) : Json()}};
}

void Watch::restore(const Json& state, int64_t step) {
  const auto number = [&](const char* key) {
    return state.at(key).is_null() ? std::nullopt : std::optional(state.at(key).get<double>());
  };
  tokens_ = state.at("tokens").get<int64_t>();
  seconds_before_ = state.value("seconds", 0.0);
  smooth_loss_ = number("smooth_loss");
  valid_loss_ = number("valid_loss");
  first_step_ = step;
}

}  // namespace slovo
