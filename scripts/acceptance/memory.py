#!/usr/bin/env python3
"""Whether --dry-run tells how much memory a run takes: five shapes, the estimate against the measured peak (10 % allowed).

    scripts/acceptance/memory.py --data TEXT.txt
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOVO = os.environ.get("SLOVO_BINARY", str(ROOT / "build/release/slovo"))

SHAPES = {
    "0.8 M, T 64, B 12": ["--model.hidden_size", "128", "--model.num_hidden_layers", "4", "--data.seq_len", "64",
                          "--train.batch_size", "12", "--tokenizer.kind", "char"],
    "5 M, T 256, B 16": ["--model.hidden_size", "256", "--model.num_hidden_layers", "6", "--data.seq_len", "256",
                         "--train.batch_size", "16", "--tokenizer.vocab_size", "2048"],
    "11 M, T 256, B 32, fp32": ["--model.hidden_size", "384", "--model.num_hidden_layers", "6", "--data.seq_len", "256",
                                "--model.num_attention_heads", "6", "--train.batch_size", "32", "--dtype", "fp32",
                                "--tokenizer.kind", "char"],
    "5 M, T 1024, B 8, GPT-2 form": ["--model.hidden_size", "256", "--model.num_hidden_layers", "6", "--model.norm", "layer",
                                     "--model.position", "learned", "--model.mlp", "gelu_tanh", "--data.seq_len", "1024",
                                     "--train.batch_size", "8", "--tokenizer.vocab_size", "4096"],
    "86 M, T 128, B 2": ["--model.hidden_size", "768", "--model.num_hidden_layers", "12", "--data.seq_len", "128",
                         "--model.num_attention_heads", "12", "--train.batch_size", "2", "--tokenizer.vocab_size", "1024"],
}


def command(args, shape, out):
    return [SLOVO, "pretrain", "--data", args.data, "--out", out, "--train.steps", "6", *SHAPES[shape]]


def measured_peak(words):
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(words)}")
    return usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    args = parser.parse_args()
    worst = 0.0
    print(f"{'shape':<32} {'estimate':>10} {'measured':>10} {'off by':>8}")
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            words = command(args, shape, f"{folder}/run") + ["--data.cache_dir", f"{folder}/cache"]
            plan = subprocess.run(words + ["--dry-run", "--json"], check=True, capture_output=True, text=True).stdout
            estimate = json.loads(plan)["memory"]["peak"]
            measured = measured_peak(words)
        off = estimate / measured - 1
        worst = max(worst, abs(off))
        print(f"{shape:<32} {estimate / 2**20:>6.0f} MiB {measured / 2**20:>6.0f} MiB {off:>+8.1%}", flush=True)
    print(f"largest difference {worst:.1%}; 10 % is allowed")
    return 0 if worst <= 0.1 else 1


if __name__ == "__main__":
    sys.exit(main())
