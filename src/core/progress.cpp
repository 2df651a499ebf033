#include "core/progress.h"

#include <algorithm>

#include "core/log.h"
#include "core/terminal.h"
#include "core/text.h"

namespace slovo {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string amount(double value, const std::string& unit) {
  return unit == "bytes" ? human_bytes(value) : cat(human_count(value), " ", unit);
}

constexpr double kBarInterval = 0.1;
constexpr double kLineInterval = 10;

}  // namespace

std::string progress_bar(double share, int width) {
  const int filled = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
  return cat("[", std::string(static_cast<size_t>(filled), '#'),
             std::string(static_cast<size_t>(width - filled), '.'), "]");
}

Progress::Progress(std::string title, int64_t total, std::string unit)
    : title_(std::move(title)),
      total_(total),
      unit_(std::move(unit)),
      start_(Clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  LiveLine::clear();
  log::debug(cat(title_, ": ", amount(static_cast<double>(done_), unit_), " in ",
                 human_duration(seconds_between(start_, Clock::now()))));
}

void Progress::advance(int64_t amount_done) {
  const std::lock_guard lock(mutex_);
  done_ += amount_done;
  const double since = seconds_between(shown_, Clock::now());
  if (since >= (is_terminal(Stream::err) ? kBarInterval : kLineInterval)) show();
}

std::string Progress::line(bool bar) const {
  const double elapsed = std::max(1e-9, seconds_between(start_, Clock::now()));
  const auto done = static_cast<double>(done_);
  std::string out = title_ + " ";
  if (total_ > 0) {
    const double share = done / static_cast<double>(total_);
    if (bar) out += progress_bar(share, 24) + " ";
    out += cat(fixed(100 * share, 0), "% of ", amount(static_cast<double>(total_), unit_));
    if (done > 0 && share < 1)
      out += cat(", ", human_duration(elapsed * (1 - share) / share), " left");
  } else {
    out += amount(done, unit_);
  }
  return out + cat(", ", amount(done / elapsed, unit_), "/s");
}

void Progress::show() {
  shown_ = Clock::now();
  if (is_terminal(Stream::err)) {
    LiveLine::draw(line(true));
  } else {
    log::info(line(false));
  }
}

}  // namespace slovo
