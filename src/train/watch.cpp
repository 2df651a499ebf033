#include "train/watch.h"

#include <ATen/DeviceAccelerator.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/log.h"
#include "core/terminal.h"

namespace slovo {
namespace {

constexpr double kLossDecay = 0.95;
constexpr double kRateDecay = 0.9;
constexpr double kDrawSeconds = 0.1;
constexpr double kLineSeconds = 10;

double smoothed(double before, double now, double decay) {
  return decay * before + (1 - decay) * now;
}

std::string short_rate(double lr) {
  std::ostringstream out;
  out.precision(2);
  out << std::scientific << lr;
  return out.str();
}

}  // namespace

int64_t memory_in_use(at::Device device) {
  if (!device.is_cpu()) {
    const auto stats = at::accelerator::getDeviceStats(device.index());
    return stats.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)]
        .current;
  }
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  return 0;
}

Watch::Watch(RunFolder& run, const TrainConfig& config, at::Device device)
    : run_(run), config_(config), device_(device) {}

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
               {"memory_bytes", memory_in_use(device_)}};
  for (const auto& [name, value] : report.more) line[name] = value;
  run_.append_metrics(line);
  window_tokens_ = 0;
  window_seconds_ = 0;
}

void Watch::validation(int64_t step, double loss) {
  valid_loss_ = loss;
  run_.append_metrics({{"step", step},
                       {"tokens", tokens_},
                       {"val_loss", loss},
                       {"val_perplexity", std::exp(loss)}});
  log::info(cat("step ", step, ": validation loss ", fixed(loss, 4), ", perplexity ",
                fixed(std::exp(loss), 2)));
}

void Watch::samples(int64_t step, const Json& samples) {
  run_.append_metrics({{"step", step}, {"tokens", tokens_}, {"samples", samples}});
}

void Watch::finish() { LiveLine::clear(); }

std::string Watch::line(const StepReport& report) const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto done = static_cast<double>(report.step - first_step_);
  const double left = elapsed / done * static_cast<double>(config_.steps - report.step);
  return cat("step ", report.step, "/", config_.steps, "  loss ", fixed(*smooth_loss_, 4),
             valid_loss_ ? cat("  val ", fixed(*valid_loss_, 4)) : "", "  lr ",
             short_rate(report.lr), "  ", human_count(rate_), " tok/s  ", human_duration(left),
             " left  ", human_bytes(static_cast<double>(memory_in_use(device_))));
}

void Watch::show(const StepReport& report) {
  const bool live = is_terminal(Stream::err);
  const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
  const bool edge = report.step == first_step_ + 1 || report.step == config_.steps;
  if (since < (live ? kDrawSeconds : kLineSeconds) && !edge) return;
  shown_ = Clock::now();
  if (live) {
    LiveLine::draw(line(report));
  } else {
    log::info(line(report));
  }
}

Json Watch::state() const {
  return {{"tokens", tokens_},
          {"smooth_loss", smooth_loss_ ? Json(*smooth_loss_) : Json()},
          {"valid_loss", valid_loss_ ? Json(*valid_loss_) : Json()}};
}

void Watch::restore(const Json& state, int64_t step) {
  const auto number = [&](const char* key) {
    return state.at(key).is_null() ? std::nullopt : std::optional(state.at(key).get<double>());
  };
  tokens_ = state.at("tokens").get<int64_t>();
  smooth_loss_ = number("smooth_loss");
  valid_loss_ = number("valid_loss");
  first_step_ = step;
}

}  // namespace slovo
