// Rules between fields, checked before any tensor is made. What a single field allows is declared
// with the field.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace slovo {

/// Fields that do not fit together.
struct Conflict {
  std::vector<std::string> keys;  ///< "model.hidden_size", the ones the text names
  std::string text;               ///< what was found, what is allowed
};

/// All conflicts in `sections` of the config. Values that the command fills in later (a vocabulary
/// of 0) are not judged.
std::vector<Conflict> find_conflicts(const RunConfig& config,
                                     const std::vector<std::string>& sections);
/// The rules of the model alone: for a model folder's config as well.
std::vector<Conflict> find_conflicts(const ModelConfig& model);

}  // namespace slovo
