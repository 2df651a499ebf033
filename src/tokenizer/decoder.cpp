#include "tokenizer/decoder.h"

#include <charconv>

#include "core/error.h"
#include "core/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pattern.h"

namespace slovo {

int fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int byte = -1;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return error == std::errc() && end == token.data() + 5 && byte >= 0 ? byte : -1;
}

namespace {

class ByteLevelDecoder final : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::string text;
    for (const std::string& token : tokens) text += from_byte_alphabet(token).value_or(token);
    tokens = {std::move(text)};
  }
};

/// Runs of <0xNN> become the character they spell; a run that spells none becomes a U+FFFD per
/// byte.
class ByteFallback final : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string run;
    for (std::string& token : tokens) {
      const int byte = fallback_byte(token);
      if (byte >= 0) {
        run += static_cast<char>(byte);
        continue;
      }
      flush(run, false, out);
      out.push_back(std::move(token));
    }
    flush(run, true, out);
    tokens = std::move(out);
  }

 private:
  /// At the end a character may be incomplete: its bytes stay, for the rest may still come.
  static void flush(std::string& run, bool at_end, std::vector<std::string>& out) {
    if (run.empty()) return;
    const size_t tail = at_end ? utf8::incomplete_tail(run) : 0;
    if (!utf8::is_valid(std::string_view(run).substr(0, run.size() - tail))) {
      const size_t bytes = run.size();
      run.clear();
      for (size_t i = 0; i < bytes; ++i) utf8::append(run, 0xFFFD);
    }
    out.push_back(std::move(run));
    run.clear();
  }
};

class Fuse final : public Decoder {
 public:
  void apply(std::vector<std::string>& tokens) const override { tokens = {join(tokens, "")}; }
};

class Strip final : public Decoder {
 public:
  Strip(std::string content, int64_t start, int64_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (int64_t i = 0; i < start_ && rest.starts_with(content_); ++i)
        rest.remove_prefix(content_.size());
      for (int64_t i = 0; i < stop_ && rest.ends_with(content_); ++i)
        rest.remove_suffix(content_.size());
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  int64_t start_;
  int64_t stop_;
};

class ReplaceDecoder final : public Decoder {
 public:
  ReplaceDecoder(Regex pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) token = replace_matches(token, pattern_, content_);
  }

 private:
  Regex pattern_;
  std::string content_;
};

class MetaspaceDecoder final : public Decoder {
 public:
  MetaspaceDecoder(Regex mark, bool drops_first)
      : mark_(std::move(mark)), drops_first_(drops_first) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = replace_matches(tokens[i], mark_, i == 0 && drops_first_ ? "" : " ");
    }
  }

 private:
  Regex mark_;
  bool drops_first_;
};

/// Tokens that do not continue a word get a space before them; `cleanup` takes it away where
/// English has none.
class WordPieceDecoder final : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool cleanup)
      : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0) {
        if (token.starts_with(prefix_)) {
          token.erase(0, prefix_.size());
        } else {
          token.insert(0, " ");
        }
      }
      if (cleanup_) clean(token);
    }
  }

 private:
  static void clean(std::string& token) {
    static constexpr std::pair<std::string_view, std::string_view> kChanges[] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},     {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},   {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
    };
    for (const auto& [found, content] : kChanges) {
      size_t at = token.find(found);
      while (at != std::string::npos) {
        token.replace(at, found.size(), content);
        at = token.find(found, at + content.size());
      }
    }
  }

  std::string prefix_;
  bool cleanup_;
};

/// The mark at the end of a word becomes a space, but behind the last word nothing.
class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(Regex suffix) : suffix_(std::move(suffix)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens)
      token = replace_matches(token, suffix_, &token == &tokens.back() ? "" : " ");
  }

 private:
  Regex suffix_;
};

class DecoderSequence final : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> parts)
      : parts_(std::move(parts)) {}
  void apply(std::vector<std::string>& tokens) const override {
    for (const auto& part : parts_) part->apply(tokens);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> parts_;
};

std::unique_ptr<Decoder> read_metaspace(const JsonNode& node) {
  std::string mark;
  utf8::append(mark, node.at("replacement").character());
  const bool never = node.has("prepend_scheme") ? node.text_at("prepend_scheme") == "never"
                                                : !node.flag_at("add_prefix_space", true);
  return std::make_unique<MetaspaceDecoder>(Regex::literal(mark, node.where()), !never);
}

std::unique_ptr<Decoder> read_strip(const JsonNode& node) {
  constexpr int64_t kMost = 1 << 20;
  std::string content;
  utf8::append(content, node.at("content").character());
  return std::make_unique<Strip>(content, node.at("start").integer(0, kMost),
                                 node.at("stop").integer(0, kMost));
}

std::unique_ptr<Decoder> read(const JsonNode& node, int depth) {
  const std::string type = node.text_at("type");
  if (type == "ByteLevel") return std::make_unique<ByteLevelDecoder>();
  if (type == "ByteFallback") return std::make_unique<ByteFallback>();
  if (type == "Fuse") return std::make_unique<Fuse>();
  if (type == "Strip") return read_strip(node);
  if (type == "Replace")
    return std::make_unique<ReplaceDecoder>(read_pattern(node), node.text_at("content"));
  if (type == "Metaspace") return read_metaspace(node);
  if (type == "WordPiece")
    return std::make_unique<WordPieceDecoder>(node.has("prefix") ? node.text_at("prefix") : "##",
                                              node.flag_at("cleanup", true));
  if (type == "BPEDecoder")
    return std::make_unique<BpeDecoder>(Regex::literal(
        node.has("suffix") ? node.text_at("suffix") : "</w>", cat(node.where(), ".suffix")));
  if (type == "Sequence") {
    if (depth == 0) node.fail("sequences are nested too deep");
    std::vector<std::unique_ptr<Decoder>> parts;
    for (const JsonNode& item : node.at("decoders").items()) parts.push_back(read(item, depth - 1));
    return std::make_unique<DecoderSequence>(std::move(parts));
  }
  node.refuse_type({"ByteLevel", "ByteFallback", "Fuse", "Strip", "Replace", "Metaspace",
                    "WordPiece", "BPEDecoder", "Sequence"});
}

}  // namespace

std::unique_ptr<Decoder> read_decoder(const JsonNode& node) { return read(node, kDeepestSequence); }

}  // namespace slovo
