#!/usr/bin/env python3
"""Trains configs/pretrain/shakespeare-char-cpu.json with several seeds and checks the mean validation loss.

    scripts/acceptance/shakespeare.py --data input.txt [--slovo build/release/slovo] [--seeds 1337 1 2] [FLAG...]

Further flags go to `slovo pretrain`. Prints each loss and the mean; fails when the mean is above --bar.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--slovo", default=str(ROOT / "build/release/slovo"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1337, 1, 2])
    parser.add_argument("--bar", type=float, default=1.90)
    args, flags = parser.parse_known_args()
    losses = []
    with tempfile.TemporaryDirectory(prefix="slovo-shakespeare-") as work:
        for seed in args.seeds:
            begin = time.monotonic()
            done = subprocess.run(
                [args.slovo, "pretrain", str(ROOT / "configs/pretrain/shakespeare-char-cpu.json"), "--data", args.data,
                 "--out", f"{work}/{seed}", "--seed", str(seed), "--json", "--log-level", "warn", *flags],
                stdout=subprocess.PIPE, check=True, text=True)
            result = json.loads(done.stdout)
            losses.append(result["val_loss"])
            print(f"seed {seed}: {losses[-1]:.4f} in {time.monotonic() - begin:.0f} s "
                  f"({result['dtype']}, {result['parameters']:,} parameters)", flush=True)
    mean = sum(losses) / len(losses)
    print(f"mean {mean:.4f}, bar {args.bar:.2f}")
    sys.exit(0 if mean <= args.bar else 1)


if __name__ == "__main__":
    main()
