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
  f("decode", config.decode);
  f("eval", config.eval);
}

}  // namespace

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
