#include "tokenizer/sentencepiece_model.h"

#include <cstdint>
#include <cstring>

#include "core/error.h"
#include "core/utf8.h"

namespace slovo {
namespace {

/// Protocol buffers on the wire: a message is a list of numbered fields.
class WireReader {
 public:
  WireReader(std::string_view bytes, const std::string& name, size_t offset = 0)
      : bytes_(bytes), name_(name), offset_(offset) {}

  struct Field {
    uint64_t number = 0;
    uint64_t value = 0;      ///< of a varint, or the bits of a 32-bit or 64-bit field
    std::string_view bytes;  ///< of a text or message
    size_t offset = 0;       ///< of `bytes` in the file
    bool is_bytes = false;
  };

  /// The next field; false at the end.
  bool next(Field& field) {
    if (at_ == bytes_.size()) return false;
    const uint64_t tag = varint();
    field = {};
    field.number = tag >> 3;
    switch (tag & 7) {
      case 0:
        field.value = varint();
        return true;
      case 1:
        field.value = fixed(8);
        return true;
      case 2: {
        const uint64_t size = varint();
        if (size > bytes_.size() - at_) fail();
        field.offset = offset_ + at_;
        field.bytes = bytes_.substr(at_, size);
        field.is_bytes = true;
        at_ += size;
        return true;
      }
      case 5:
        field.value = fixed(4);
        return true;
      default:
        fail();
    }
  }

  /// The message inside a field.
  WireReader inside(const Field& field) const {
    if (!field.is_bytes) fail();
    return {field.bytes, name_, field.offset};
  }
  std::string text(const Field& field) const {
    if (!field.is_bytes) fail();
    return std::string(field.bytes);
  }
  [[noreturn]] void fail() const {
    throw_data(name_, ": not a SentencePiece model, or damaged at byte ", offset_ + at_,
               "; get the file again");
  }

 private:
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == bytes_.size()) fail();
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    fail();
  }
  uint64_t fixed(size_t size) {
    if (size > bytes_.size() - at_) fail();
    uint64_t value = 0;
    std::memcpy(&value, bytes_.data() + at_, size);
    at_ += size;
    return value;
  }

  std::string_view bytes_;
  const std::string& name_;
  size_t offset_;
  size_t at_ = 0;
};

using Field = WireReader::Field;

SentencePieceModel::Piece read_piece(WireReader reader) {
  SentencePieceModel::Piece piece;
  for (Field field; reader.next(field);) {
    if (field.number == 1) piece.text = reader.text(field);
    if (field.number == 2) {
      const auto bits = static_cast<uint32_t>(field.value);
      std::memcpy(&piece.score, &bits, sizeof bits);
    }
    if (field.number == 3) {
      if (field.value < 1 || field.value > 6) reader.fail();
      piece.type = static_cast<SentencePieceModel::Type>(field.value);
    }
  }
  if (piece.text.empty() || !utf8::is_valid(piece.text)) reader.fail();
  return piece;
}

void read_trainer(WireReader reader, SentencePieceModel& model) {
  for (Field field; reader.next(field);) {
    // Negative ids are ten-byte varints of 64 bits.
    const auto id = static_cast<int>(static_cast<int64_t>(field.value));
    if (field.number == 3) {
      if (field.value < 1 || field.value > 4) reader.fail();
      model.kind = static_cast<SentencePieceModel::Kind>(field.value);
    }
    if (field.number == 24) model.whitespace_as_suffix = field.value != 0;
    if (field.number == 35) model.byte_fallback = field.value != 0;
    if (field.number == 41) model.bos_id = id;
    if (field.number == 42) model.eos_id = id;
    if (field.number == 43) model.pad_id = id;
  }
}

void read_normalizer(WireReader reader, SentencePieceModel& model) {
  for (Field field; reader.next(field);) {
    if (field.number == 2) model.charsmap = reader.text(field);
    if (field.number == 3) model.add_dummy_prefix = field.value != 0;
    if (field.number == 4) model.remove_extra_whitespaces = field.value != 0;
    if (field.number == 5) model.escape_whitespaces = field.value != 0;
  }
}

}  // namespace

SentencePieceModel read_sentencepiece(std::string_view bytes, const std::string& name) {
  SentencePieceModel model;
  WireReader reader(bytes, name);
  for (Field field; reader.next(field);) {
    if (field.number == 1) model.pieces.push_back(read_piece(reader.inside(field)));
    if (field.number == 2) read_trainer(reader.inside(field), model);
    if (field.number == 3) read_normalizer(reader.inside(field), model);
    if (field.number != 5) continue;
    WireReader denormalizer = reader.inside(field);
    for (Field rule; denormalizer.next(rule);)
      model.denormalizes |= rule.number == 2 && !rule.bytes.empty();
  }
  if (model.pieces.empty()) throw_data(name, ": not a SentencePiece model: holds no pieces");
  return model;
}

}  // namespace slovo
