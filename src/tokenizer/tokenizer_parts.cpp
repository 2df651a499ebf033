#include "tokenizer/tokenizer_parts.h"

namespace slovo {

std::string TokenizerParts::to_text() const {
  const Json json = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", added_tokens},
                     {"normalizer", normalizer},
                     {"pre_tokenizer", pre_tokenizer},
                     {"post_processor", post_processor},
                     {"decoder", decoder},
                     {"model", model}};
  return json.dump(2) + "\n";
}

Json vocab_json(const std::vector<std::pair<std::string, TokenId>>& tokens) {
  Json vocab = Json::object();
  // Appended unsorted: a keyed insertion looks at every key.
  auto& entries = vocab.get_ref<Json::object_t&>();
  entries.reserve(tokens.size());
  for (const auto& [token, id] : tokens) entries.emplace_back(token, id);
  return vocab;
}

Json bpe_json(Json vocab, const std::vector<std::pair<std::string, std::string>>& merges,
              const BpeOptions& options) {
  Json list = Json::array();
  for (const auto& [left, right] : merges) list.push_back(Json::array({left, right}));
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", options.unknown ? Json(*options.unknown) : Json(nullptr)},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", options.fuse_unknown},
          {"byte_fallback", options.byte_fallback},
          {"ignore_merges", options.ignore_merges},
          {"vocab", std::move(vocab)},
          {"merges", std::move(list)}};
}

Json added_token_json(TokenId id, const std::string& content, bool special) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", special}};
}

Json byte_level_json(bool add_prefix_space, bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", add_prefix_space},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

Json split_to_bytes_json(const std::string& pattern) {
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", pattern}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return sequence_json("pretokenizers", {split, byte_level_json(false, false)});
}

Json sequence_json(const char* key, std::vector<Json> parts) {
  return {{"type", "Sequence"}, {key, Json(std::move(parts))}};
}

Json replace_json(const Json& pattern, const std::string& content) {
  return {{"type", "Replace"}, {"pattern", pattern}, {"content", content}};
}

Json template_json(const std::vector<NamedId>& before, const std::vector<NamedId>& behind) {
  Json special_tokens = Json::object();
  const auto sequence = [&](const char* id, int type, Json& out) {
    const auto add = [&](const std::vector<NamedId>& tokens) {
      for (const auto& [token, number] : tokens) {
        special_tokens[token] = {{"id", token}, {"ids", {number}}, {"tokens", {token}}};
        out.push_back({{"SpecialToken", {{"id", token}, {"type_id", type}}}});
      }
    };
    add(before);
    out.push_back({{"Sequence", {{"id", id}, {"type_id", type}}}});
    add(behind);
  };
  Json single = Json::array();
  Json pair = Json::array();
  sequence("A", 0, single);
  sequence("A", 0, pair);
  sequence("B", 1, pair);
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(special_tokens)}};
}

}  // namespace slovo
