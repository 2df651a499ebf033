#!/usr/bin/env bash
# Sets up what is missing, builds, and runs all tests.
#   ./scripts/test.sh                     everything
#   ./scripts/test.sh -L unit             one level (unit, module, parity, train, cli); all options of ctest are passed on
#   ./scripts/test.sh --preset asan ...   another build (release, dev, asan, strict)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=release
if [ "${1:-}" = --preset ]; then
  preset=${2:?--preset needs a name: release, dev, asan or strict}
  shift 2
fi
./scripts/setup.sh
cmake --preset "$preset" -DSLOVO_TESTS=ON
cmake --build "build/$preset"
ctest --test-dir "build/$preset" --output-on-failure "$@"
