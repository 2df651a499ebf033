#include "eval/score_request.h"

#include <numeric>

#include "core/error.h"
#include "eval/white_space.h"

namespace slovo {
namespace {

std::vector<TokenId> read_ids(const Json& ids, std::string_view where, int64_t vocab_size) {
  if (!ids.is_array())
    throw_data(where, ": \"ids\" is ", ids.type_name(), "; give a list of token ids");
  std::vector<TokenId> out;
  for (const Json& id : ids) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= vocab_size) {
      throw_data(where, ": ids[", out.size(), "] is ", id.dump(),
                 "; the model's ids are integers from 0 to ", vocab_size - 1);
    }
    out.push_back(id.get<TokenId>());
  }
  if (out.size() < 2) {
    throw_data(where, ": \"ids\" has ", out.size(),
               " entries, nothing to score; give at least two, the first is the "
               "context of the rest");
  }
  return out;
}

std::string read_text(const Json& line, const char* key, std::string_view where) {
  if (!line.contains(key) || !line[key].is_string()) {
    throw_data(where, ": \"", key, "\" is ", line.contains(key) ? line[key].type_name() : "missing",
               "; each line needs \"context\" and \"continuation\" as texts, or \"ids\"");
  }
  return line[key].get<std::string>();
}

/// lm-evaluation-harness's _encode_pair.
ScoreItem encode_pair(std::string context, std::string continuation, const Tokenizer& tokenizer,
                      bool with_bos) {
  const size_t kept = trimmed_size(context);
  continuation.insert(0, context.substr(kept));
  context.resize(kept);
  ScoreItem item;
  item.ids = tokenizer.encode(context + continuation, SpecialTokens::none);
  item.first = static_cast<int64_t>(tokenizer.encode(context, SpecialTokens::none).size());
  if (with_bos) {
    item.ids.insert(item.ids.begin(), *start_token(tokenizer));
    ++item.first;
  }
  return item;
}

bool begins_with_bos(const Tokenizer& tokenizer, AddBos bos, bool empty_context,
                     std::string_view where) {
  const bool wanted =
      empty_context || bos == AddBos::yes || (bos == AddBos::automatic && adds_bos(tokenizer));
  if (wanted && !start_token(tokenizer)) {
    throw_data(
        where,
        ": the tokenizer has neither BOS nor EOS to stand for an empty context; give a context");
  }
  return wanted;
}

}  // namespace

ScoreItem read_score_request(const Json& line, std::string_view where, const LoadedModel& model,
                             AddBos bos) {
  ScoreItem item;
  if (line.is_object() && line.contains("ids")) {
    if (line.contains("context") || line.contains("continuation")) {
      throw_data(
          where,
          ": has both \"ids\" and \"context\" or \"continuation\"; give one of the two forms");
    }
    item.ids = read_ids(line["ids"], where, model.model->config().vocab_size);
  } else {
    const std::string context = read_text(line, "context", where);
    const bool with_bos = begins_with_bos(*model.tokenizer, bos, trimmed_size(context) == 0, where);
    item = encode_pair(context, read_text(line, "continuation", where), *model.tokenizer, with_bos);
  }
  const auto tokens = static_cast<int64_t>(item.ids.size());
  if (item.first < 1 || item.first >= tokens) {
    throw_data(where,
               ": the continuation adds no token to its context, so there is nothing to score; "
               "give a longer one");
  }
  if (tokens - 1 > model.context()) {
    throw_data(where, ": has ", tokens, " tokens; the model reads at most ", model.context(),
               " and predicts one more: "
               "shorten the context");
  }
  return item;
}

Json score_result(const ScoreItem& item, const TokenScores& scores) {
  const std::vector<TokenId> scored(item.ids.begin() + static_cast<std::ptrdiff_t>(item.first),
                                    item.ids.end());
  return {{"ids", scored},
          {"logprobs", scores.logprobs},
          {"sum_logprob", std::accumulate(scores.logprobs.begin(), scores.logprobs.end(), 0.0)},
          {"is_greedy", scores.is_greedy}};
}

}  // namespace slovo
