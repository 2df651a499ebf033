// More tokens for a model that has been trained already.
#pragma once

#include "model/transformer.h"

namespace slovo {

/// The same model with `rows` rows in its embedding and head. The rows from `known` on, those of
/// tokens it has never seen, are the mean of the rows before them, so that a new token begins as
/// none in particular. `rows` is at least what the model has.
Transformer with_vocabulary(const Transformer& model, int64_t rows, int64_t known);

}  // namespace slovo
