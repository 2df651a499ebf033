// The lines that `eval score` reads and writes.
#pragma once

#include <string_view>

#include "core/json.h"
#include "eval/scorer.h"

namespace slovo {

/// One line of input as tokens:
///  - {"context", "continuation"}: the continuation is scored. Tokenised as lm-evaluation-harness
///  does: white space at the
///    context's end goes to the continuation, both are encoded together and split where the context
///    alone would end. A context without text stands for BOS, else EOS; another one begins with BOS
///    as `bos` says.
///  - {"ids"}: each id is scored given those before it, the first is given only.
/// Other keys are passed over. Throws Error(data) led by `where` ("file:line") for a line that is
/// neither, an id that is none, nothing to score, or more tokens than the model can read.
ScoreItem read_score_request(const Json& line, std::string_view where, const LoadedModel& model,
                             AddBos bos);

/// {"ids", "logprobs", "sum_logprob", "is_greedy"}: the scored ids, and one log-probability of
/// each.
Json score_result(const ScoreItem& item, const TokenScores& scores);

}  // namespace slovo
