#include "config/config.h"

#include <algorithm>

namespace slovo {
namespace {

/// Calls `f(name, section struct)` for each section of the config, in order.
template <class F>
void for_each_section(RunConfig& config, const F& f) {
  f("run", config.run);
  f("model", config.model);
  f("tokenizer", config.tokenizer);
  f("data", config.data);
  f("train", config.train);
  f("sft", config.sft);
  f("lora", config.lora);
  f("distill", config.distill);
  f("decode", config.decode);
  f("eval", config.eval);
}

}  // namespace

int64_t TrainConfig::rows(int64_t step) const {
  if (step >= batch_ramp_steps) return batch_size;
  const int64_t start = batch_start.value_or(batch_size);
  const int64_t unit = micro_batch_size.value_or(1);
  return start + (batch_size - start) / unit * step / batch_ramp_steps * unit;
}

int64_t TrainConfig::rows_before(int64_t step) const {
  const int64_t ramp = std::min(step, batch_ramp_steps);
  int64_t total = (step - ramp) * batch_size;
  for (int64_t i = 0; i < ramp; ++i) total += rows(i);
  return total;
}

double TrainConfig::highest_lr() const {
  if (lr) return *lr;
  switch (optimizer) {
    case OptimizerKind::adamw: return 1e-3;
    case OptimizerKind::muon: return 4e-3;
    case OptimizerKind::lion: return 1e-4;
    case OptimizerKind::sgd: return 0.1;
  }
  SLOVO_CHECK(false, "an optimizer without a rate");
}

double TrainConfig::decay() const {
  if (weight_decay) return *weight_decay;
  if (optimizer == OptimizerKind::lion) return 1;
  return optimizer == OptimizerKind::sgd ? 0 : 0.1;
}

const std::vector<std::string>& config_sections() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    RunConfig config;
    for_each_section(config, [&](const char* name, auto&) { out.emplace_back(name); });
    return out;
  }();
  return names;
}

std::vector<FieldRef> config_fields(RunConfig& config, const std::vector<std::string>& sections) {
  std::vector<FieldRef> out;
  for_each_section(config, [&](const char* name, auto& section) {
    if (std::find(sections.begin(), sections.end(), name) == sections.end()) return;
    FieldCollector collector(name, out);
    section.visit(collector);
  });
  return out;
}

}  // namespace slovo
