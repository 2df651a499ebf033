// What a forward pass of training draws at random from.
#pragma once

#include <cstdint>

namespace slovo {

/// One for a model, shared by its parts. What is drawn is a function of the pass's number, and of
/// the seed and the name of what draws, so a resumed run draws the same, as does a block that is
/// computed again in the backward pass.
struct TrainingPass {
  bool on = false;      ///< nothing is drawn where no gradients are recorded
  uint64_t number = 0;  ///< which pass of the run it is
};

}  // namespace slovo
