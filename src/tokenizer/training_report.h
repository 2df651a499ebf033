// How well a trained tokenizer fits the text it was trained on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"
#include "tokenizer/token_model.h"
#include "tokenizer/word_counter.h"

namespace slovo {

/// Words whose first letter is of one script (Unicode Standard Annex 24: "Latin", "Cyrillic").
struct ScriptFertility {
  std::string script;
  int64_t words = 0;
  int64_t tokens = 0;

  double tokens_per_word() const;
};

struct TrainingReport {
  int64_t text_bytes = 0;
  int64_t tokens = 0;                    ///< of the text; 0 where nothing was counted
  std::vector<ScriptFertility> scripts;  ///< the most frequent first; empty without words

  double bytes_per_token() const;
  Json to_json() const;
  /// Lines for a reader: bytes per token, and tokens per word by script.
  std::vector<std::string> lines() const;
};

/// Of words as the pre-tokenizer cuts them (a language without spaces has long ones), as `model`
/// encodes them. Pieces without letters count as tokens, not as words.
TrainingReport measure_words(const TokenModel& model, const WordSource& words, int64_t text_bytes);

}  // namespace slovo
