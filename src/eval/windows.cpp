#include "eval/windows.h"

#include <algorithm>

#include "core/error.h"

namespace slovo {
namespace {

std::vector<Window> rolling_windows(int64_t window, int64_t n, bool fill_last) {
  std::vector<Window> out;
  for (int64_t first = 1; first < n; first += window) {
    const int64_t end = std::min(first + window, n);
    const int64_t begin = fill_last ? std::max<int64_t>(0, end - 1 - window) : first - 1;
    out.push_back({begin, first, end});
  }
  return out;
}

std::vector<Window> strided_windows(int64_t window, int64_t stride, int64_t n) {
  std::vector<Window> out;
  int64_t reached = 1;
  for (int64_t begin = 0; reached < n; begin += stride) {
    const int64_t end = std::min(begin + window, n);
    if (reached < end) out.push_back({begin, reached, end});
    reached = end;
  }
  return out;
}

Protocol resolve_protocol(const EvalConfig& config, int64_t window) {
  if (config.protocol != Protocol::automatic) return config.protocol;
  return config.stride.value_or(window) < window ? Protocol::strided : Protocol::windows;
}

}  // namespace

WindowPlan plan_windows(const EvalConfig& config, int64_t context) {
  WindowPlan plan;
  plan.window = config.window.value_or(context);
  if (plan.window > context) {
    throw_config("eval.window=", plan.window, " is over the model's context of ", context,
                 "; give 2 to ", context);
  }
  plan.protocol = resolve_protocol(config, plan.window);
  const bool strided = plan.protocol == Protocol::strided;
  plan.stride =
      config.stride.value_or(strided ? std::max<int64_t>(1, plan.window / 2) : plan.window);
  if (plan.stride > plan.window) {
    throw_config("eval.stride=", plan.stride, " is over eval.window=", plan.window,
                 ": tokens between windows would not be scored; give 1 to ", plan.window);
  }
  if (strided && plan.stride == plan.window) {
    throw_config("eval.stride=", plan.stride,
                 " with eval.protocol=strided must be below eval.window=", plan.window,
                 "; for windows without overlap use --protocol windows");
  }
  if (!strided && plan.stride != plan.window) {
    throw_config(
        "eval.protocol=", to_name(plan.protocol), " has no overlap, but eval.stride=", plan.stride,
        " is below eval.window=", plan.window, "; leave --stride out, or use --protocol strided");
  }
  return plan;
}

std::vector<Window> make_windows(const WindowPlan& plan, int64_t n) {
  if (plan.protocol == Protocol::strided) return strided_windows(plan.window, plan.stride, n);
  return rolling_windows(plan.window, n, plan.protocol == Protocol::rolling);
}

}  // namespace slovo
