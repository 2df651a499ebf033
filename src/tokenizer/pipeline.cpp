#include "tokenizer/pipeline.h"

#include <algorithm>
#include <atomic>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/utf8.h"

namespace slovo {
namespace {

/// Of everything that decides the ids, whatever its spacing and the order of its keys.
std::string hash_of(const nlohmann::json& json, const TokenizerConfigFiles& config) {
  Hasher hasher;
  for (const char* part :
       {"added_tokens", "normalizer", "pre_tokenizer", "post_processor", "model"}) {
    const auto found = json.find(part);
    hasher.add_field(found == json.end() ? "null" : found->dump());
  }
  hasher.add_field(config.bos_token.value_or(""));
  hasher.add_field(config.eos_token.value_or(""));
  return hasher.hex();
}

/// A stage of tokenizer.json, and what its sequences call their list.
constexpr std::pair<const char*, const char*> kStages[] = {{"normalizer", "normalizers"},
                                                           {"pre_tokenizer", "pretokenizers"},
                                                           {"post_processor", "processors"},
                                                           {"decoder", "decoders"}};

/// The types of a stage that has been read, sequences unfolded.
std::vector<std::string> types_of(const nlohmann::json& stage, const char* list) {
  const auto type = stage["type"].get<std::string>();
  if (type != "Sequence") return {type};
  std::vector<std::string> out;
  for (const auto& part : stage[list]) {
    const auto types = types_of(part, list);
    out.insert(out.end(), types.begin(), types.end());
  }
  return out;
}

/// Room for the ids of a text of that size, and some more.
std::vector<TokenId> room_for(std::string_view text) {
  std::vector<TokenId> ids;
  ids.reserve(text.size() / 3 + 8);
  prefer_large_pages(ids.data(), ids.capacity() * sizeof(TokenId));
  return ids;
}

/// utf8::require_valid() by several threads.
void require_valid(std::string_view text, int threads) {
  constexpr size_t kPart = size_t{1} << 20;
  std::atomic<bool> valid{true};
  parallel_for((text.size() + kPart - 1) / kPart, threads, [&](size_t i) {
    const auto next_character = [&](size_t at) {
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
      return std::min(at, text.size());
    };
    const size_t begin = i == 0 ? 0 : next_character(i * kPart);
    const size_t end = next_character((i + 1) * kPart);
    if (!utf8::is_valid(text.substr(begin, end - begin))) valid = false;
  });
  if (!valid) utf8::require_valid(text, "the text to encode");
}

template <class Read>
auto read_part(const JsonNode& file, const char* key, Read read) -> decltype(read(file)) {
  if (!file.has(key)) return nullptr;
  return read(file.at(key));
}

}  // namespace

struct Pipeline::Parsed {
  nlohmann::json json;
  std::string file;
};

Pipeline::Pipeline(std::string text, const std::string& file, TokenizerConfigFiles config)
    : Pipeline(text, Parsed{parse_tokenizer_json(text, file), file}, std::move(config)) {}

Pipeline::Pipeline(std::string text, Parsed parsed, TokenizerConfigFiles config)
    : text_(std::move(text)),
      config_(std::move(config)),
      fingerprint_(hash_of(parsed.json, config_)),
      normalizer_(read_part(JsonNode(parsed.json, parsed.file), "normalizer", read_normalizer)),
      pre_tokenizer_(
          read_part(JsonNode(parsed.json, parsed.file), "pre_tokenizer", read_pre_tokenizer)),
      decoder_(read_part(JsonNode(parsed.json, parsed.file), "decoder", read_decoder)),
      model_(read_token_model(JsonNode(parsed.json, parsed.file).at("model"),
                              pre_tokenizer_ && pre_tokenizer_->ends_in_bytes())),
      added_(JsonNode(parsed.json, parsed.file), model_->vocabulary(), normalizer_.get()) {
  const JsonNode root(parsed.json, parsed.file);
  if (pre_tokenizer_) scanner_ = pre_tokenizer_->scanner();
  const std::string decoder = decoder_ ? root.at("decoder").text_at("type") : "";
  joins_pieces_ = decoder == "ByteLevel" || decoder == "Fuse";
  fill_pieces();
  mark_special();
  if (root.has("post_processor"))
    post_processor_ = read_post_processor(root.at("post_processor"), vocab_size());
  for (const auto& [name, list] : kStages)
    stages_[name] = root.has(name) ? join(types_of(parsed.json[name], list)) : "none";
  bos_ = role(config_.bos_token);
  eos_ = role(config_.eos_token);
}

std::optional<TokenId> Pipeline::role(const std::optional<std::string>& token) const {
  return token ? find(*token) : std::nullopt;
}

std::string Pipeline::spelling(TokenId id) const {
  if (const AddedToken* added = added_.find(id)) return added->spelling;
  return id >= 0 && id < model_->vocabulary().end() ? model_->vocabulary().token(id) : "";
}

void Pipeline::fill_pieces() {
  TokenId end = model_->vocabulary().end();
  if (!added_.all().empty()) end = std::max(end, added_.all().rbegin()->first + 1);
  pieces_.resize(static_cast<size_t>(end));
  // A decoder may treat the first token in its own way: each token is decoded behind another one.
  const std::string anchor = decode_tokens({"x"});
  for (TokenId id = 0; id < end; ++id) {
    std::string& piece = pieces_[static_cast<size_t>(id)];
    const std::string token = spelling(id);
    piece = decoder_ ? decode_tokens({"x", token}) : token;
    if (decoder_ && piece.starts_with(anchor)) piece.erase(0, anchor.size());
    // A lone byte of a character is written as U+FFFD; with its neighbours it is one byte.
    if (fallback_byte(token) >= 0 && piece == "\xEF\xBF\xBD")
      piece = std::string(1, static_cast<char>(fallback_byte(token)));
  }
}

void Pipeline::mark_special() {
  std::vector<bool> special(pieces_.size());
  for (const auto& [id, token] : added_.all()) special[static_cast<size_t>(id)] = token.special;
  model_->set_special(std::move(special));
}

std::string Pipeline::decode_tokens(std::vector<std::string> tokens) const {
  if (!decoder_) return join(tokens, " ");
  decoder_->apply(tokens);
  return join(tokens, "");
}

void Pipeline::encode_into(std::string_view text, TextKind kind, int threads,
                           std::vector<TokenId>& out) const {
  require_valid(text, threads);
  TokenModel::Session session(*model_, kind);
  const PieceSink to_model = [&](const Piece& piece) { session.encode(piece.text, out); };
  const auto push = [&](TokenId id) { out.push_back(id); };
  std::string storage;
  const AddedTokens::Sink originals{
      [&](std::string_view part) {
        const std::string_view normal = normalizer_ ? normalizer_->apply(part, storage) : part;
        const AddedTokens::Sink normals{
            [&](std::string_view words) {
              const Piece piece{words, part.data() == text.data() && words.data() == normal.data()};
              if (scanner_) return session.encode_words(*scanner_, words, threads, out);
              pre_tokenizer_ ? pre_tokenizer_->split(piece, to_model) : to_model(piece);
            },
            push};
        added_.split(normal, AddedTokens::Stage::normalized, kind, normals);
      },
      push};
  added_.split(text, AddedTokens::Stage::original, kind, originals);
}

std::vector<TokenId> Pipeline::encode(std::string_view text, SpecialTokens specials,
                                      int threads) const {
  std::vector<TokenId> out = room_for(text);
  if (specials == SpecialTokens::add)
    out.assign(post_processor_.before.begin(), post_processor_.before.end());
  encode_into(text, TextKind::markup, threads, out);
  if (specials == SpecialTokens::add) {
    out.insert(out.end(), post_processor_.behind.begin(), post_processor_.behind.end());
  }
  return out;
}

std::vector<TokenId> Pipeline::encode_ordinary(std::string_view text, int threads) const {
  std::vector<TokenId> out = room_for(text);
  encode_into(text, TextKind::ordinary, threads, out);
  return out;
}

std::string Pipeline::decode(const std::vector<TokenId>& ids, bool skip_special) const {
  std::vector<std::string> tokens;
  std::string text;
  for (const TokenId id : ids) {
    // An id without a token (a model's embedding may have more rows) stands for no text.
    if (id < 0 || id >= vocab_size() || (skip_special && is_special(id))) continue;
    if (joins_pieces_) {
      text += pieces_[static_cast<size_t>(id)];
    } else if (std::string token = spelling(id); !token.empty()) {
      tokens.push_back(std::move(token));
    }
  }
  return joins_pieces_ ? text : decode_tokens(std::move(tokens));
}

int64_t Pipeline::token_bytes(TokenId id) const {
  if (id < 0 || id >= vocab_size() || is_special(id)) return 0;
  return static_cast<int64_t>(pieces_[static_cast<size_t>(id)].size());
}

std::string Pipeline::token(TokenId id) const {
  const AddedToken* added = added_.find(id);
  return added ? added->content : spelling(id);
}

std::optional<TokenId> Pipeline::find(std::string_view token) const {
  if (const AddedToken* added = added_.find(token)) return added->id;
  return model_->vocabulary().find(token);
}

bool Pipeline::is_special(TokenId id) const {
  const AddedToken* added = added_.find(id);
  return added && added->special;
}

std::shared_ptr<const Pipeline> Pipeline::with_chat_template(
    const std::string& chat_template, const std::vector<std::string>& tokens) const {
  Json json = parse_json(text_, "tokenizer.json");
  if (!json["added_tokens"].is_array()) json["added_tokens"] = Json::array();
  Json& added = json["added_tokens"];
  int64_t next = vocab_size();
  for (const std::string& token : tokens) {
    const auto known = std::find_if(added.begin(), added.end(),
                                    [&](const Json& each) { return each["content"] == token; });
    if (known != added.end()) {
      (*known)["special"] = true;
      continue;
    }
    const auto id = find(token);
    added.push_back({{"id", id ? *id : next++},
                     {"content", token},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  TokenizerConfigFiles config = config_;
  std::erase_if(config.files, [](const auto& file) {
    return file.first == "chat_template.json" || file.first.starts_with(kMoreTemplates);
  });
  config.files["chat_template.jinja"] = chat_template;
  if (const auto file = config.files.find("tokenizer_config.json"); file != config.files.end()) {
    Json settings = parse_json(file->second, "tokenizer_config.json");
    settings.erase("chat_template");
    file->second = settings.dump(2) + "\n";
  }
  return std::make_shared<Pipeline>(json.dump(), "tokenizer.json", std::move(config));
}

void Pipeline::save(const std::filesystem::path& folder) const {
  write_file(folder / "tokenizer.json", text_);
  for (const auto& [name, content] : config_.files) {
    make_folder((folder / name).parent_path());
    write_file(folder / name, content);
  }
}

}  // namespace slovo
