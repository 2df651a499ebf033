// run.json: how a run was started, and whether a run that is to go on is still the same one.
#pragma once

#include <string>

#include "core/json.h"

namespace slovo {

struct RunRecord {
  Json config;            ///< resolved, by sections
  Json data;              ///< [{"path", "split", "bytes", "hash"}, ...]
  std::string tokenizer;  ///< fingerprint
  std::string device;     ///< "cpu", "cuda:0"
  std::string dtype;      ///< what is computed in: "fp32", "bf16"
  int threads = 1;
  std::string command;  ///< as typed
};

/// run.json's content: the record, the versions of slovo and LibTorch, and the processor.
Json make_run_record(const RunRecord& record);

/// What is promised of a run's bits on "cpu" or "cuda:0", in a sentence.
std::string repeatability(const std::string& device);

/// Compares run.json of `root`, as it was, with the record of a resumed start. Another model,
/// tokenizer, data, seed or batch size is an Error(config) that names each difference. Other
/// settings, and another device, dtype, thread count, processor or version, are warned of: the run
/// goes on, though not to the same bits.
void check_same_run(const std::string& root, const Json& before, const Json& now);

}  // namespace slovo
