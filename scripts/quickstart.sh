#!/usr/bin/env bash
# From a bare machine to a model that writes and answers: sets up, builds, trains a small model for two to four minutes,
# measures it on text it has not seen, lets it write, tunes it to answer (two minutes more), and leaves pages of curves.
#   ./scripts/quickstart.sh             on a small world that slovo makes up itself (scripts/make_world.py)
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
run=$work/run
slovo=build/release/slovo

say "setting up"
./scripts/setup.sh
say "building (minutes, the first time)"
cmake --preset release
cmake --build build/release --target slovo

mkdir -p "$work"
rm -rf "$run"
if [ -n "${1:-}" ]; then
  config=configs/pretrain/quickstart.json
  train=$work/train.txt
  unseen=$work/unseen.txt
  lines=$(wc -l <"$1")
  head -n $((lines - lines / 10)) "$1" >"$train"
  tail -n $((lines / 10)) "$1" >"$unseen"
  prompt=$(head -n 1 "$unseen" | cut -c1-40)
else
  say "making up a world"
  world=$work/world
  python3 scripts/make_world.py --out "$world"
  config=configs/pretrain/world.json
  train=$world/corpus/train.jsonl
  unseen=$world/corpus/heldout.jsonl
  prompt=""
fi

say "training, into $run"
"$slovo" pretrain "$config" --data "$train" --data.valid "$unseen" --out "$run"

say "how well it predicts text it has not seen"
"$slovo" eval perplexity --model "$run" --data "$unseen"

say "what it writes"
"$slovo" generate --model "$run" --max-tokens 220 -n 10 --seed 1 "$prompt"

if [ -z "${1:-}" ]; then
  chat=$work/chat
  rm -rf "$chat"
  say "tuning it to answer, into $chat: questions it is not tuned on, with its answers before and after"
  "$slovo" sft configs/sft/world.json --model "$run" --data "$world/instructions/train.jsonl" \
    --data.valid "$world/instructions/heldout.jsonl" --out "$chat" --train.steps 600 --train.eval_every 300
  say "what it answers"
  "$slovo" generate --model "$chat" --chat --temperature 0 --max-tokens 60 \
    "Where is the home of Gedina Grivetter? Answer in as few words as you can." \
    "Joni buys 6 spoons at 5 pennies each and 3 beads at 6 pennies each. How much does she pay?" \
    $'What does this print?\nprint(max(20, 10, 9))'
fi

cat <<EOF

== what to try next
  open $run/report.html in a browser                                 curves, samples, settings, cost
  $slovo generate --model $run "a beginning of yours"
  $slovo generate --model $run --temperature 0.5 -n 3 "..."          cooler, three of them
  $slovo pretrain configs/pretrain/quickstart.json --data YOUR.txt --out runs/mine --dry-run
  $slovo pretrain --help                                             every setting, with its range
The model in $run/model opens in Hugging Face transformers.
EOF
