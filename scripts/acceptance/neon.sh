#!/usr/bin/env bash
# Compiles the vector kernels for 64-bit ARM (NEON), with the definitions of CMakeLists.txt. Needs g++-aarch64-linux-gnu and
# Highway's headers; compiles only, runs nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

compiler=aarch64-linux-gnu-g++
if ! command -v "$compiler" >/dev/null; then
  echo "neon: $compiler is not installed (Debian: g++-aarch64-linux-gnu)" >&2
  exit 2
fi
disabled=$(grep -o 'HWY_DISABLED_TARGETS=[^"]*' CMakeLists.txt)
headers=$(mktemp -d)
trap 'rm -rf "$headers"' EXIT
ln -s /usr/include/hwy "$headers/hwy"  # not all of /usr/include, whose C library is another processor's

for source in src/kernels/*.cpp; do
  echo "$source"
  "$compiler" -std=c++20 -O1 -Wall -Wextra -Wconversion -Werror "-D$disabled" -Isrc -isystem "$headers" -c "$source" -o /dev/null
done
