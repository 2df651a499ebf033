#!/usr/bin/env bash
# A million damaged inputs for each reader of tokenizers and for the interpreter of chat templates, under the address and
# undefined-behaviour sanitizers. Each input must be read, or refused in one clear line; no crash, hang or leak.
#
#     scripts/acceptance/fuzz.sh [TEST...]        (default: all; INPUTS=1000000, SLICE=50000)
#
# Slices that are done are kept in build/asan/fuzz, so that an interrupted run goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/../.."
inputs=${INPUTS:-1000000}
slice=${SLICE:-50000}
[ $# -gt 0 ] || set -- TokenizerFuzz.{TokenizerJson,SentencePieceModels,TiktokenRanks,Gpt2Files,BertVocabularies,Charsmaps} \
  ChatTemplateFuzz.RendersOrRefuses
binary=${FUZZ_BINARY:-build/asan/tests/slovo_unit_tests}
if [ ! -x "$binary" ]; then
  cmake --preset asan -DSLOVO_TESTS=ON
  cmake --build build/asan --target slovo_unit_tests
fi
mkdir -p build/asan/fuzz
for test; do
  for ((from = 0; from < inputs; from += slice)); do
    done_file=build/asan/fuzz/$test-$from-$slice
    [ -e "$done_file" ] && continue
    # A slice that hangs is a failure too.
    SLOVO_FUZZ_FROM=$from SLOVO_FUZZ_INPUTS=$slice timeout 3600 "$binary" --gtest_brief=1 --gtest_filter="$test"
    touch "$done_file"
  done
  echo "$test: $inputs inputs, nothing found"
done
