#!/usr/bin/env python3
"""Speed of the tokenizer: slovo against HF `tokenizers` and tiktoken, alternating in one run.

Encoding: one English text of 20 MB in memory to ids, with the vocabularies r50k (GPT-2) and cl100k (GPT-4), on one
thread, and slovo on two. Every side encodes the text once in a process of its own; start-up and reading do not count.
Training: a byte-level BPE of 8,192 tokens from 50 MB, with one thread and two; whole process of `slovo tokenizer train`
against the train() call of `tokenizers`. Rounds in which other processes were busy are set aside. Prints one JSON line
a setting, then a table. `--python` names the interpreter that has tokenizers and tiktoken (default: .venv-peers).
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from common import ROOT, SHARED, SLOVO, alternate, emit, processor
from tokenizer_files import GPT2_PATTERN, GPT4_PATTERN, english, write_tokenizer

VOCABULARIES = {"r50k": ("r50k_base.tiktoken", GPT2_PATTERN), "cl100k": ("cl100k_base.tiktoken", GPT4_PATTERN)}
VOCAB_SIZE = 8192


def run_json(command, **environment):
    out = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True,
                         env={**os.environ, **environment}).stdout
    return json.loads(out)


def slovo_encode(tokenizer, text, threads):
    return run_json([SLOVO, "tokenizer", "info", "--tokenizer", tokenizer, "--data", text, "--threads", threads,
                     "--log-level", "warn", "--json"])


def peer(python, side, text, threads, *options):
    return run_json([python, Path(__file__).with_name("peer_tokenizer.py"), side, "--data", text, *options],
                    RAYON_NUM_THREADS=str(threads), TOKENIZERS_PARALLELISM="true" if threads > 1 else "false")


def slovo_train(text, threads):
    with tempfile.TemporaryDirectory() as folder:
        result = run_json([SLOVO, "tokenizer", "train", "--data", text, "--out", Path(folder) / "t", "--threads", threads,
                           "--tokenizer.vocab_size", VOCAB_SIZE, "--log-level", "warn", "--json"])
    return result["bytes"] / 1e6 / result["seconds"]


def measure(name, sides, rounds):
    figures, load = alternate(sides, rounds)
    row = dict(setting=name, **{side: round(statistics.median(values), 1) for side, values in figures.items()})
    ours = next(iter(sides))
    for side in list(sides)[1:]:
        ratios = [a / b for a, b in zip(figures[ours], figures[side])]
        row[f"over_{side}"] = round(statistics.median(ratios), 2)
        row[f"over_{side}_range"] = [round(min(ratios), 2), round(max(ratios), 2)]
    emit(**row, rounds=rounds, others_cpu=round(load, 3))
    return row


def measure_encoding(args, folder, text):
    for name, (file, pattern) in VOCABULARIES.items():
        tokenizer = folder / name
        write_tokenizer(tokenizer, SHARED / "data/tokenizers/tiktoken" / file, pattern)
        counts = {slovo_encode(tokenizer, text, 1)["tokens"], peer(args.python, "hf", text, 1, "--tokenizer", tokenizer)["tokens"],
                  peer(args.python, "tiktoken", text, 1, "--tokenizer", tokenizer)["tokens"]}
        if len(counts) != 1:
            raise SystemExit(f"{name}: the sides disagree about the number of tokens: {sorted(counts)}")
        sides = {"slovo": lambda: slovo_encode(tokenizer, text, 1)["mb_per_s"]}
        for side in ("hf", "tiktoken"):
            sides[side] = lambda side=side: peer(args.python, side, text, 1, "--tokenizer", tokenizer)["mb_per_s"]
        yield measure(f"encode {name}, 1 thread", sides, args.rounds)
        yield measure(f"encode {name}, 2 threads", {"slovo": lambda: slovo_encode(tokenizer, text, 2)["mb_per_s"],
                                                    "slovo_1": lambda: slovo_encode(tokenizer, text, 1)["mb_per_s"]}, args.rounds)


def measure_training(args, text):
    for threads in (1, 2):
        yield measure(f"train {VOCAB_SIZE}, {threads} thread{'s' * (threads > 1)}", {
            "slovo": lambda: slovo_train(text, threads),
            "hf": lambda: peer(args.python, "hf_train", text, threads, "--vocab_size", VOCAB_SIZE)["mb_per_s"]}, args.rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--part", choices=["encode", "train", "all"], default="all")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.part != "train":
            (folder / "encode.txt").write_bytes(english(SHARED, 20_000_000))
            rows += measure_encoding(args, folder, folder / "encode.txt")
        if args.part != "encode":
            (folder / "train.txt").write_bytes(english(SHARED, 50_000_000))
            rows += measure_training(args, folder / "train.txt")
    print(f"\n{processor()}; MB/s, median of {args.rounds} rounds; (lowest to highest ratio)")
    for row in rows:
        peers = [side for side in ("hf", "tiktoken", "slovo_1") if side in row]
        print(f"{row['setting']:<26} slovo {row['slovo']:>7}" + "".join(
            f"   {side} {row[side]} = {row['over_' + side]}x ({row['over_' + side + '_range'][0]} to "
            f"{row['over_' + side + '_range'][1]})" for side in peers))


if __name__ == "__main__":
    main()
