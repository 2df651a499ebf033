#include "tokenizer/post_processor.h"

#include "tokenizer/pattern.h"

namespace slovo {
namespace {

TokenId read_id(const JsonNode& node, int64_t vocab_size) {
  return static_cast<TokenId>(node.integer(0, vocab_size - 1));
}

/// "single": a list of {"SpecialToken": {"id": name}} and one {"Sequence": {"id": "A"}}.
PostProcessor read_template(const JsonNode& node, int64_t vocab_size) {
  PostProcessor out;
  bool seen_text = false;
  for (const JsonNode& item : node.at("single").items()) {
    if (item.has("Sequence")) {
      if (seen_text || item.at("Sequence").text_at("id") != "A")
        item.fail("slovo reads one sequence, \"A\", in a template");
      seen_text = true;
      continue;
    }
    const std::string name = item.at("SpecialToken").text_at("id");
    auto& ids = seen_text ? out.behind : out.before;
    for (const JsonNode& id : node.at("special_tokens").at(name).at("ids").items()) {
      ids.push_back(read_id(id, vocab_size));
    }
  }
  if (!seen_text) node.at("single").fail("holds no {\"Sequence\": {\"id\": \"A\"}}");
  return out;
}

/// "cls" and "sep": [token, id].
TokenId read_bert_token(const JsonNode& node, int64_t vocab_size) {
  const auto pair = node.items();
  if (pair.size() != 2) node.fail("must be [token, id]");
  return read_id(pair[1], vocab_size);
}

PostProcessor read(const JsonNode& node, int64_t vocab_size, int depth) {
  const std::string type = node.text_at("type");
  if (type == "ByteLevel") return {};  // changes offsets only
  if (type == "TemplateProcessing") return read_template(node, vocab_size);
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    return {{read_bert_token(node.at("cls"), vocab_size)},
            {read_bert_token(node.at("sep"), vocab_size)}};
  }
  if (type == "Sequence") {
    if (depth == 0) node.fail("sequences are nested too deep");
    PostProcessor out;
    for (const JsonNode& item : node.at("processors").items()) {
      const PostProcessor part = read(item, vocab_size, depth - 1);
      out.before.insert(out.before.begin(), part.before.begin(), part.before.end());
      out.behind.insert(out.behind.end(), part.behind.begin(), part.behind.end());
    }
    return out;
  }
  node.refuse_type(
      {"ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing", "Sequence"});
}

}  // namespace

PostProcessor read_post_processor(const JsonNode& node, int64_t vocab_size) {
  return read(node, vocab_size, kDeepestSequence);
}

}  // namespace slovo
