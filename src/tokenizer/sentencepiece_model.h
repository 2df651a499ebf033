// A SentencePiece model file: the fields of its protocol buffer that decide ids.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slovo {

struct SentencePieceModel {
  enum class Type { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };
  struct Piece {
    std::string text;
    float score = 0;
    Type type = Type::normal;
  };
  enum class Kind { unigram = 1, bpe = 2, word = 3, character = 4 };

  std::vector<Piece> pieces;
  Kind kind = Kind::unigram;
  bool byte_fallback = false;
  bool whitespace_as_suffix = false;
  int bos_id = 1;
  int eos_id = 2;
  int pad_id = -1;
  std::string charsmap;  ///< "": the text is not normalised
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  bool denormalizes = false;  ///< has rules for decoded text
};

/// Throws Error(data) that names the file and the byte where it is damaged.
SentencePieceModel read_sentencepiece(std::string_view bytes, const std::string& name);

}  // namespace slovo
