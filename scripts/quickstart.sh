#!/usr/bin/env bash
# From a bare machine to a model that writes: sets up, builds, trains a small model for about three minutes, measures it
# on text it has not seen, and lets it write.
#   ./scripts/quickstart.sh             on slovo's own documentation and source
#   ./scripts/quickstart.sh TEXT.txt    on a text of yours (UTF-8, 100 KB or more)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }
case "${1:-}" in -*)
  sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
  ;;
esac
if [ -n "${1:-}" ] && [ ! -f "$1" ]; then
  echo "quickstart: $1 is not a file; give one text file in UTF-8" >&2
  exit 2
fi

work=build/quickstart
slovo=build/release/slovo

say "setting up"
./scripts/setup.sh
say "building (minutes, the first time)"
cmake --preset release
cmake --build build/release --target slovo

mkdir -p "$work"
if [ -n "${1:-}" ]; then
  cat -- "$1" >"$work/all.txt"
else
  # By name, so that no kind of file is only at the end, which is kept unseen.
  find README.md docs configs src apps scripts -name '*.md' -o -name '*.h' -o -name '*.cpp' -o -name '*.sh' -o -name '*.py' |
    awk -F/ '{print $NF "\t" $0}' | LC_ALL=C sort | cut -f2 | xargs cat >"$work/all.txt"
fi
lines=$(wc -l <"$work/all.txt")
head -n $((lines - lines / 10)) "$work/all.txt" >"$work/train.txt"
tail -n $((lines / 10)) "$work/all.txt" >"$work/unseen.txt"

say "training on $(wc -c <"$work/train.txt") bytes, into $work/run"
rm -rf "$work/run"
"$slovo" pretrain configs/pretrain/quickstart.json --data "$work/train.txt" --data.valid "$work/unseen.txt" \
  --out "$work/run"

say "how well it predicts text it has not seen"
"$slovo" eval perplexity --model "$work/run" --data "$work/unseen.txt"

say "what it writes"
prompt=$(head -n 1 "$work/unseen.txt" | cut -c1-40)
"$slovo" generate --model "$work/run" --max-tokens 150 --seed 1 "$prompt"

cat <<EOF

== what to try next
  $slovo generate --model $work/run "a beginning of yours"
  $slovo generate --model $work/run --temperature 0.5 -n 3 "..."     cooler, three of them
  $slovo pretrain configs/pretrain/quickstart.json --data YOUR.txt --out runs/mine --train.steps 3000
  $slovo pretrain --help                                             every setting, with its range
The run is in $work/run: metrics.jsonl has the curves, model/ opens in Hugging Face transformers.
EOF
