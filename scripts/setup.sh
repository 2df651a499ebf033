#!/usr/bin/env bash
# Installs what slovo needs to build: system packages (apt, as root or with sudo) and LibTorch (the PyTorch wheel, in
# .venv). Does only what is missing, says what it does, and may be run again at any time.
#   SLOVO_TORCH=/path/to/libtorch   use this LibTorch (2.11 to 2.13) and install none
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

torch_version=2.13.0
cpu_index=https://download.pytorch.org/whl/cpu
packages=(g++ cmake ninja-build pkg-config python3 python3-venv libcli11-dev libspdlog-dev nlohmann-json3-dev
          libgtest-dev libhwy-dev libpcre2-dev libicu-dev zlib1g-dev libxxhash-dev)

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s ' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    return 1
  fi
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    say "no dpkg here; make sure that these (or their like) are installed: ${packages[*]}"
    return
  fi
  local missing
  missing=$(missing_packages)
  if [ -z "$missing" ]; then
    say "all ${#packages[@]} system packages are there"
    return
  fi
  say "installing system packages: $missing"
  # shellcheck disable=SC2086
  as_root apt-get install -y --no-install-recommends $missing ||
    { as_root apt-get update && as_root apt-get install -y --no-install-recommends $missing; } || true
  missing=$(missing_packages)
  [ -z "$missing" ] || fail "these packages could not be installed: $missing" \
    "slovo cannot be built without them. As root: apt-get update && apt-get install $missing" \
    "then run $0 again. Where apt has no such package, install the library from source and give its prefix by SLOVO_DEPS."
}

has_headers() { [ -e "$1/include/torch/headeronly/version.h" ] || [ -e "$1/include/torch/csrc/api/include/torch/version.h" ]; }

venv_torch() {
  local folder
  for folder in .venv/lib/python3*/site-packages/torch; do
    [ -e "$folder" ] && has_headers "$folder" && echo "$folder" && return
  done
  return 1
}

has_gpu() { [ -e /dev/nvidia0 ] || { command -v nvidia-smi && nvidia-smi -L; } >/dev/null 2>&1; }

# pip with short patience: a place that cannot be reached is passed over at once.
pip_install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check --retries 0 --timeout 20 "$@"; }

install_wheel() {
  if ! has_gpu; then
    say "no GPU: looking for the CPU build of PyTorch $torch_version"
    pip_install --no-deps "torch==$torch_version+cpu" 2>/dev/null && return
    pip_install --no-deps --index-url "$cpu_index" "torch==$torch_version+cpu" 2>/dev/null && return
    say "no CPU build can be had; taking the ordinary one (a few GB)"
  fi
  pip_install "torch==$torch_version" && return
  fail "the PyTorch wheel $torch_version could not be installed by pip (its message is above)." \
    "Give pip a place that has it (PIP_INDEX_URL, PIP_FIND_LINKS), or unpack a libtorch archive and run" \
    "SLOVO_TORCH=/path/to/libtorch $0"
}

install_torch() {
  if [ -n "${SLOVO_TORCH:-}" ]; then
    has_headers "$SLOVO_TORCH" || fail "SLOVO_TORCH=$SLOVO_TORCH has no LibTorch in it (include/torch/... is missing)"
    say "LibTorch: the one in $SLOVO_TORCH"
    return
  fi
  if venv_torch >/dev/null; then
    say "LibTorch: there already, in $(venv_torch)"
    return
  fi
  [ -x .venv/bin/python ] || python3 -m venv .venv || fail "python3 -m venv .venv failed (its message is above)"
  install_wheel
  say "LibTorch: installed in $(venv_torch)"
}

install_packages
install_torch
say "done"
