#!/usr/bin/env bash
# From a fresh clone, with neither build folder nor .venv: setup and build, then the quickstart, then all tests, timed.
# Usage: scripts/acceptance/fresh.sh [FOLDER]   (default: a temporary folder, removed at the end)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$(mktemp -d)}
export SLOVO_SHARED=${SLOVO_SHARED:-$root/../shared}
git clone --quiet "$root" "$folder/slovo"
cd "$folder/slovo"

timed() {
  local name=$1 start=$SECONDS
  shift
  "$@" >"$folder/$name.log" 2>&1 || { tail -n 40 "$folder/$name.log"; echo "$name failed after $((SECONDS - start)) s"; exit 1; }
  echo "$name: $((SECONDS - start)) s"
}
unset SLOVO_TORCH
timed setup ./scripts/setup.sh
timed quickstart ./scripts/quickstart.sh
timed test ./scripts/test.sh
tail -n 25 "$folder/quickstart.log"
tail -n 15 "$folder/test.log"
[ $# -gt 0 ] || rm -rf "$folder"
