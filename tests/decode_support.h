// Models for tests of decoding and evaluation: the tiny Llama of tests/fixtures/eval.
#pragma once

#include "core/json.h"
#include "decode/loaded_model.h"
#include "testing.h"

namespace slovo::testing {

inline LoadedModel tiny_model() { return load_for_inference(fixture("eval"), {}); }

/// What scripts/make_fixtures_eval.py wrote.
inline const Json& expected() {
  static const Json json = read_json(fixture("eval") / "expected.json");
  return json;
}

}  // namespace slovo::testing
