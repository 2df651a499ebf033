#include "tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/characters.h"
#include "tokenizer/pattern.h"
#include "tokenizer/split.h"

namespace slovo {
namespace {

/// Passes on the parts of `piece` that `pattern` cuts.
void split_piece(const Piece& piece, const Regex& pattern, SplitBehavior behavior, bool invert,
                 const PieceSink& sink) {
  split_text(piece.text, pattern, behavior, invert, [&](size_t begin, size_t end) {
    sink({piece.text.substr(begin, end - begin), piece.at_start && begin == 0});
  });
}

void scan_piece(const Piece& piece, const Scanner& scanner, const PieceSink& sink) {
  scanner.for_each_word(piece.text, [&](size_t begin, size_t end) {
    sink({piece.text.substr(begin, end - begin), piece.at_start && begin == 0});
  });
}

/// GPT-2's way: words by its pattern, symbols are bytes. The bytes stay bytes here; only the
/// vocabulary knows the printable characters that spell them.
class ByteLevel final : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex) : add_prefix_space_(add_prefix_space) {
    if (use_regex) words_.emplace(*Scanner::find(kGpt2Pattern));
  }

  void split(const Piece& piece, const PieceSink& sink) const override {
    std::string spaced;
    Piece part = piece;
    if (add_prefix_space_ && !piece.text.starts_with(' ')) {
      spaced.append(" ").append(piece.text);
      part.text = spaced;
    }
    words_ ? scan_piece(part, *words_, sink) : sink(part);
  }
  bool ends_in_bytes() const override { return true; }
  const Scanner* scanner() const override {
    return words_ && !add_prefix_space_ ? &*words_ : nullptr;
  }
  bool passes_all() const override { return !words_ && !add_prefix_space_; }

 private:
  bool add_prefix_space_;
  std::optional<Scanner> words_;
};

/// Split by a pattern that has a scanner.
class Words final : public PreTokenizer {
 public:
  explicit Words(const Scanner& scanner) : scanner_(scanner) {}
  void split(const Piece& piece, const PieceSink& sink) const override {
    scan_piece(piece, scanner_, sink);
  }
  const Scanner* scanner() const override { return &scanner_; }

 private:
  Scanner scanner_;
};

class Split final : public PreTokenizer {
 public:
  Split(Regex pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void split(const Piece& piece, const PieceSink& sink) const override {
    split_piece(piece, pattern_, behavior_, invert_, sink);
  }

 private:
  Regex pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

/// SentencePiece's way: spaces become `replacement`, which begins a word.
class Metaspace final : public PreTokenizer {
 public:
  enum class Scheme { first, never, always };

  Metaspace(std::string replacement, Scheme scheme, bool cut, const std::string& where)
      : replacement_(std::move(replacement)),
        scheme_(scheme),
        space_(Regex::literal(" ", where)),
        mark_(Regex::literal(replacement_, where)),
        cut_(cut) {}

  void split(const Piece& piece, const PieceSink& sink) const override {
    std::string marked = replace_matches(piece.text, space_, replacement_);
    const bool prepend = scheme_ == Scheme::always || (scheme_ == Scheme::first && piece.at_start);
    if (prepend && !marked.starts_with(replacement_)) marked.insert(0, replacement_);
    const Piece part{marked, piece.at_start};
    if (!cut_) return sink(part);
    split_piece(part, mark_, SplitBehavior::merged_with_next, false, sink);
  }

 private:
  std::string replacement_;
  Scheme scheme_;
  Regex space_;
  Regex mark_;
  bool cut_;
};

/// Cuts at characters of one kind.
class CharacterSplit final : public PreTokenizer {
 public:
  CharacterSplit(bool (*test)(char32_t), SplitBehavior behavior)
      : test_(test), behavior_(behavior) {}
  void split(const Piece& piece, const PieceSink& sink) const override {
    split_text(piece.text, test_, behavior_, [&](size_t begin, size_t end) {
      sink({piece.text.substr(begin, end - begin), piece.at_start && begin == 0});
    });
  }

 private:
  bool (*test_)(char32_t);
  SplitBehavior behavior_;
};

/// Words and runs of other characters; white space goes.
class Whitespace final : public PreTokenizer {
 public:
  void split(const Piece& piece, const PieceSink& sink) const override {
    const std::string_view text = piece.text;
    size_t begin = 0;
    bool in_word = false;
    const auto flush = [&](size_t end) {
      if (begin < end) sink({text.substr(begin, end - begin), piece.at_start && begin == 0});
      begin = end;
    };
    for (size_t at = 0; at < text.size();) {
      const size_t here = at;
      const char32_t c = utf8::next(text, at);
      const bool word = is_word_character(c);
      if (here > begin && word != in_word) flush(here);
      in_word = word;
      if (!word && is_space(c)) {
        flush(here);
        begin = at;
      }
    }
    flush(text.size());
  }
};

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> parts)
      : parts_(std::move(parts)) {}
  void split(const Piece& piece, const PieceSink& sink) const override { run(0, piece, sink); }
  bool ends_in_bytes() const override { return !parts_.empty() && parts_.back()->ends_in_bytes(); }
  const Scanner* scanner() const override {
    if (parts_.empty()) return nullptr;
    const auto passes = [](const auto& part) { return part->passes_all(); };
    return std::all_of(parts_.begin() + 1, parts_.end(), passes) ? parts_[0]->scanner() : nullptr;
  }

 private:
  void run(size_t stage, const Piece& piece, const PieceSink& sink) const {
    if (stage == parts_.size()) return sink(piece);
    if (stage + 1 == parts_.size()) return parts_[stage]->split(piece, sink);
    parts_[stage]->split(piece, [&, stage](const Piece& part) { run(stage + 1, part, sink); });
  }

  std::vector<std::unique_ptr<PreTokenizer>> parts_;
};

SplitBehavior read_behavior(const JsonNode& behavior) {
  const auto value = from_name<SplitBehavior>(behavior.text());
  if (!value)
    behavior.fail(
        cat("is \"", behavior.text(), "\"; must be one of ", join(all_names<SplitBehavior>())));
  return *value;
}

std::optional<Scanner> find_scanner(const JsonNode& node) {
  const JsonNode pattern = node.at("pattern");
  return pattern.has("Regex") ? Scanner::find(pattern.text_at("Regex")) : std::nullopt;
}

std::unique_ptr<PreTokenizer> read_split(const JsonNode& node) {
  const SplitBehavior behavior = read_behavior(node.at("behavior"));
  const bool invert = node.flag_at("invert", false);
  // A scanner's words are the whole text: no matter which way they are kept.
  if (behavior == SplitBehavior::isolated || (behavior == SplitBehavior::removed && invert)) {
    if (const auto scanner = find_scanner(node)) return std::make_unique<Words>(*scanner);
  }
  return std::make_unique<Split>(read_pattern(node), behavior, invert);
}

/// A part that cuts at one kind of characters, or nothing for other types.
std::unique_ptr<PreTokenizer> read_character_split(const JsonNode& node, const std::string& type) {
  if (type == "WhitespaceSplit")
    return std::make_unique<CharacterSplit>(is_space, SplitBehavior::removed);
  if (type == "Digits") {
    const bool each = node.flag_at("individual_digits", false);
    return std::make_unique<CharacterSplit>(
        is_numeric, each ? SplitBehavior::isolated : SplitBehavior::contiguous);
  }
  if (type == "Punctuation") {
    return std::make_unique<CharacterSplit>(is_punctuation, node.has("behavior")
                                                                ? read_behavior(node.at("behavior"))
                                                                : SplitBehavior::isolated);
  }
  if (type == "BertPreTokenizer") {
    std::vector<std::unique_ptr<PreTokenizer>> parts;
    parts.push_back(std::make_unique<CharacterSplit>(is_space, SplitBehavior::removed));
    parts.push_back(std::make_unique<CharacterSplit>(is_punctuation, SplitBehavior::isolated));
    return std::make_unique<PreTokenizerSequence>(std::move(parts));
  }
  if (type == "CharDelimiterSplit") {
    std::string delimiter;
    utf8::append(delimiter, node.at("delimiter").character());
    return std::make_unique<Split>(Regex::literal(delimiter, node.where()), SplitBehavior::removed,
                                   false);
  }
  return nullptr;
}

std::unique_ptr<PreTokenizer> read_metaspace(const JsonNode& node) {
  using Scheme = Metaspace::Scheme;
  std::string replacement;
  utf8::append(replacement, node.at("replacement").character());
  const std::string name = node.has("prepend_scheme") ? node.text_at("prepend_scheme") : "always";
  Scheme scheme = Scheme::always;
  if (name == "first")
    scheme = Scheme::first;
  else if (name == "never")
    scheme = Scheme::never;
  else if (name != "always")
    node.at("prepend_scheme").fail("must be \"always\", \"first\" or \"never\"");
  if (!node.flag_at("add_prefix_space", true)) {
    if (node.has("prepend_scheme") && scheme != Scheme::never) {
      node.at("add_prefix_space").fail("is false, but \"prepend_scheme\" is not \"never\"");
    }
    scheme = Scheme::never;
  }
  return std::make_unique<Metaspace>(replacement, scheme, node.flag_at("split", true),
                                     node.where());
}

std::unique_ptr<PreTokenizer> read(const JsonNode& node, int depth) {
  const std::string type = node.text_at("type");
  if (type == "ByteLevel") {
    return std::make_unique<ByteLevel>(node.flag_at("add_prefix_space", false),
                                       node.flag_at("use_regex", true));
  }
  if (type == "Split") return read_split(node);
  if (type == "Whitespace") return std::make_unique<Whitespace>();
  if (auto part = read_character_split(node, type)) return part;
  if (type == "Metaspace") return read_metaspace(node);
  if (type == "Sequence") {
    if (depth == 0) node.fail("sequences are nested too deep");
    std::vector<std::unique_ptr<PreTokenizer>> parts;
    for (const JsonNode& item : node.at("pretokenizers").items()) {
      if (!parts.empty() && parts.back()->ends_in_bytes())
        item.fail("slovo reads no pre-tokenizer behind ByteLevel");
      parts.push_back(read(item, depth - 1));
    }
    return std::make_unique<PreTokenizerSequence>(std::move(parts));
  }
  node.refuse_type({"ByteLevel", "Split", "Metaspace", "BertPreTokenizer", "Whitespace",
                    "WhitespaceSplit", "Punctuation", "Digits", "CharDelimiterSplit", "Sequence"});
}

}  // namespace

std::unique_ptr<PreTokenizer> read_pre_tokenizer(const JsonNode& node) {
  return read(node, kDeepestSequence);
}

}  // namespace slovo
