// An example as text in which one sees what is learned.
#pragma once

#include <string>

#include "data/packing.h"
#include "tokenizer/tokenizer.h"

namespace slovo {

/// The example's source and text: in colour what is learned green, what is unlearned red, the rest
/// dim; without colour what is learned between ⟦ and ⟧, what is unlearned between ⟦- and -⟧.
std::string masked_text(const Tokenizer& tokenizer, const TokenExample& example, bool color);

}  // namespace slovo
