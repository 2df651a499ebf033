// The second stage of a tokenizer: cutting a text into the pieces that the model sees one at a
// time.
// ("pre_tokenizer" in tokenizer.json)
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "tokenizer/json_node.h"
#include "tokenizer/scanner.h"

namespace slovo {

/// A part of the text on its way to the model.
struct Piece {
  std::string_view text;
  bool at_start;  ///< the text itself begins here
};
using PieceSink = std::function<void(const Piece&)>;

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Gives the non-empty pieces of a piece to `sink`, in order; their text lives during the call
  /// only.
  virtual void split(const Piece& piece, const PieceSink& sink) const = 0;
  /// True when the model's symbols are bytes: ByteLevel comes last.
  virtual bool ends_in_bytes() const { return false; }
  /// Where the pieces are just a scanner's words, that scanner; else null.
  virtual const Scanner* scanner() const { return nullptr; }
  /// True when every piece is passed on as it is.
  virtual bool passes_all() const { return false; }
};

/// Throws Error(data) that names the type when slovo does not know it.
std::unique_ptr<PreTokenizer> read_pre_tokenizer(const JsonNode& node);

}  // namespace slovo
