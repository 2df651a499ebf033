// Parts of a model that stay as they are while the rest is trained.
#pragma once

#include "model/transformer.h"

namespace slovo {

/// Makes the token and position embeddings (and the head where it is the same matrix) and the first
/// `layers` blocks need no gradient. Throws Error(config) when the model has fewer blocks.
void freeze(const Transformer& model, bool embeddings, int64_t layers);

}  // namespace slovo
