#!/bin/bash
# On a machine with a GPU, without a network: builds slovo against the CUDA LibTorch that is there, runs the tests
# labelled cuda and the benchmark of training beside torch.compile.
#   scripts/gpu_check.sh [TORCH]      TORCH: a libtorch folder or .../site-packages/torch; the one in .venv when left out
set -euo pipefail
cd "$(dirname "$0")/.."
torch=${1:-$(ls -d .venv/lib/python3*/site-packages/torch)}
[ -e "$torch/lib/libtorch_cuda.so" ] || { echo "$torch: no CUDA build of LibTorch (lib/libtorch_cuda.so)"; exit 2; }
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader \
  || { echo "no GPU answers to nvidia-smi"; exit 2; }

cmake -S . -B build/cuda -G Ninja -DCMAKE_BUILD_TYPE=Release -DSLOVO_TORCH="$torch"
cmake --build build/cuda --target slovo slovo_cuda_tests
ctest --test-dir build/cuda -L cuda --output-on-failure
text=$(mktemp --suffix=.txt)
trap 'rm -f "$text"' EXIT
seq 1 400000 > "$text"  # any text: what is timed does not depend on it
python=$(dirname "$torch")/../../../bin/python
[ -x "$python" ] || python=python3
SLOVO_BINARY=build/cuda/slovo "$python" scripts/bench/train.py --device cuda --dtype bf16 --compile --rounds 3 \
  --python "$python" --data "$text"
