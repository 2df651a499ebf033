#include "train/state_files.h"

#include <ATen/ATen.h>

#include <set>

#include "core/error.h"

namespace slovo {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAdvice =
    "remove this checkpoint to resume from the one before it, or train anew in another --out";

void check_names(const fs::path& path, const SafetensorsFile& file, const NamedTensors& wanted) {
  std::vector<std::string> problems;
  std::set<std::string> known;
  for (const auto& [name, tensor] : wanted) {
    known.insert(name);
    if (!file.contains(name)) {
      problems.push_back("misses " + name);
    } else if (file.shape(name) != tensor.sizes().vec() ||
               file.dtype(name) != tensor.scalar_type()) {
      problems.push_back(name + " has another shape or dtype");
    }
  }
  for (const std::string& name : file.names()) {
    if (known.count(name) == 0) problems.push_back("has " + name + ", which the model has not");
  }
  if (problems.empty()) return;
  const size_t count = problems.size();
  problems.resize(std::min<size_t>(count, 5));
  throw_checkpoint(path.string(), ": ", join(problems, "; "),
                   count > 5 ? cat("; and ", count - 5, " more") : "", "; ", kAdvice);
}

}  // namespace

void write_trainer_state(const fs::path& folder, const NamedTensors& optimizer, const Json& state) {
  make_folder(folder);
  write_safetensors(folder / "optimizer.safetensors", optimizer);
  write_json(folder / "state.json", state);
}

Json read_trainer_state(const fs::path& folder, const NamedTensors& optimizer) {
  const fs::path path = folder / "optimizer.safetensors";
  Json state;
  try {
    state = read_json(folder / "state.json");
    for (const char* key : {"step", "evaluated_at", "watch", "objective"})
      static_cast<void>(state.at(key));
  } catch (const Json::exception& error) {
    throw_checkpoint((folder / "state.json").string(), ": is damaged: ", error.what(), "; ",
                     kAdvice);
  }
  const SafetensorsFile file(path);
  check_names(path, file, optimizer);
  at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : optimizer) tensor.copy_(file.view(name));
  return state;
}

}  // namespace slovo
