#include "train/run_record.h"

#include <torch/version.h>

#include <set>
#include <vector>

#include "core/error.h"
#include "core/log.h"
#include "core/processor.h"

namespace slovo {
namespace {

/// Settings that the result does not depend on, or that another part of the record stands for.
const std::set<std::string> kIgnored = {
    "data.paths",  "data.valid",    "data.cache_dir", "run.device",   "run.dtype",
    "run.threads", "run.log_level", "train.keep",     "train.epochs", "tokenizer.path"};
/// Settings of train and run that decide which text each step sees, or what a checkpoint holds.
const std::set<std::string> kFixed = {
    "run.seed",        "train.batch_size",   "train.batch_start",   "train.batch_ramp_steps",
    "train.optimizer", "train.moment_dtype", "train.muon_variance", "train.ema_decay"};

struct Differences {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

std::string described(const std::string& key, const Json& before, const Json& now) {
  return cat(key, " was ", before.dump(), " and is ", now.dump());
}

void compare_settings(const Json& before, const Json& now, Differences& out) {
  for (const std::string section : {"run", "model", "data", "train"}) {
    const Json was = before.value(section, Json::object());
    const Json is = now.value(section, Json::object());
    for (const auto& [name, value] : is.items()) {
      const std::string key = section + "." + name;
      // A setting that is younger than the run had no effect on it.
      if (!was.contains(name) || was[name] == value || kIgnored.count(key) != 0) continue;
      const bool fixed = section == "model" || section == "data" || kFixed.count(key) != 0;
      (fixed ? out.errors : out.warnings).push_back(described(key, was[name], value));
    }
  }
}

Json without_paths(const Json& data) {
  Json out = data;
  for (Json& file : out) {
    if (file.is_object()) file.erase("path");
  }
  return out;
}

void compare_data(const Json& before, const Json& now, Differences& out) {
  if (without_paths(before) == without_paths(now)) return;
  std::set<std::string> known;
  for (const Json& file : without_paths(before)) known.insert(file.dump());
  for (const Json& file : now) {
    if (known.count(without_paths(Json::array({file})).front().dump()) == 0) {
      out.errors.push_back(
          cat("data: the text ", file.value("path", std::string("?")), " is not the run's"));
    }
  }
  if (now.size() != before.size()) {
    out.errors.push_back(
        cat("data: the run had ", before.size(), " text files, now there are ", now.size()));
  } else if (out.errors.empty()) {
    out.errors.push_back("data: the text files come in another order");
  }
}

}  // namespace

Json make_run_record(const RunRecord& record) {
  return {{"slovo", SLOVO_VERSION},        {"libtorch", TORCH_VERSION},
          {"processor", processor_name()}, {"device", record.device},
          {"dtype", record.dtype},         {"threads", record.threads},
          {"command", record.command},     {"seed", record.config.at("run").at("seed")},
          {"tokenizer", record.tokenizer}, {"data", record.data},
          {"config", record.config}};
}

std::string repeatability(const std::string& device) {
  if (device == "cpu") {
    return "repeatable: the same seed, text, settings, threads and dtype give the same bits on "
           "this "
           "kind of processor, also across a resumption";
  }
  return cat("not repeatable to the bit: ", device,
             " may sum in another order each time; the same seed gives the same text and start");
}

void check_same_run(const std::string& root, const Json& before, const Json& now) {
  Differences found;
  compare_settings(before.value("config", Json::object()), now.at("config"), found);
  if (before.value("tokenizer", Json()) != now.at("tokenizer")) {
    found.errors.push_back("the tokenizer is another one");
  }
  compare_data(before.value("data", Json::array()), now.at("data"), found);
  if (!found.errors.empty()) {
    throw_config(root, ": cannot be resumed: ", join(found.errors, "; "), "; give what ", root,
                 "/run.json says, or train anew in another --out");
  }
  for (const char* key : {"slovo", "libtorch", "processor", "device", "dtype", "threads"}) {
    if (before.value(key, Json()) != now.at(key)) {
      found.warnings.push_back(described(key, before.value(key, Json()), now.at(key)));
    }
  }
  for (const std::string& warning : found.warnings) {
    log::warn(
        cat("resuming with a difference: ", warning, "; the result may not be the same bits"));
  }
}

}  // namespace slovo
