// What a text is to a tokenizer.
#pragma once

namespace slovo {

enum class TextKind {
  markup,   ///< tokens with a special meaning may stand in it, by their names
  ordinary  ///< those names mean nothing
};

}  // namespace slovo
