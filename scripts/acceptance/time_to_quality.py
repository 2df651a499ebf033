#!/usr/bin/env python3
"""Time to a validation loss on tinyshakespeare: slovo's Muon preset against PyTorch in nanoGPT's CPU setting, side by side.

    scripts/acceptance/time_to_quality.py --data input.txt [--python .venv-peers/bin/python] [--report curves.html]

For each seed both run one after the other. PyTorch's time is from the start of its process until the loss over the whole
validation split is first at most --target (its validations off the clock; its whole run where it never is); slovo's is that
of the whole command: start, tokenizer, training, the validation that shows the loss, saving. Fails when the median ratio is
below --bar. --report writes slovo's page of both curves.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/pretrain/shakespeare-char-muon.json"


def run_slovo(args, seed, out, cache):
    begin = time.monotonic()
    done = subprocess.run([args.slovo, "pretrain", CONFIG, "--data", args.data, "--out", out, "--seed", str(seed), "--json",
                           "--threads", str(args.threads), "--log-level", "warn", "--data.cache_dir", cache],
                          stdout=subprocess.PIPE, check=True, text=True)
    result = json.loads(done.stdout)
    return time.monotonic() - begin, result["val_loss"], result["parameters"]


def run_peer(args, seed, out):
    done = subprocess.run([args.python, ROOT / "scripts/bench/peer_shakespeare.py", "--data", args.data, "--out", out, "--seed",
                           str(seed), "--threads", str(args.threads), "--target", str(args.target)],
                          stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--slovo", default=str(ROOT / "build/release/slovo"))
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1337, 1, 2])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--target", type=float, default=1.90)
    parser.add_argument("--bar", type=float, default=5.0)
    parser.add_argument("--report", type=Path)
    args = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory(prefix="slovo-time-") as work:
        for seed in args.seeds:
            ours, peers = Path(work) / f"slovo-{seed}", Path(work) / f"pytorch-{seed}"
            seconds, loss, parameters = run_slovo(args, seed, ours, f"{work}/cache-{seed}")
            if loss > args.target:
                sys.exit(f"seed {seed}: slovo ends at {loss:.4f}, above {args.target}")
            peer = run_peer(args, seed, peers)
            ratios.append(peer["seconds"] / seconds)
            print(f"seed {seed}: slovo {loss:.4f} in {seconds:.1f} s ({parameters:,} parameters); PyTorch {peer['val_loss']:.4f} "
                  f"in {peer['seconds']:.1f} s ({peer['step']} steps): {ratios[-1]:.1f}x", flush=True)
        if args.report:
            subprocess.run([args.slovo, "report", ours, peers, "--out", args.report], check=True)
    median = statistics.median(ratios)
    print(f"median {median:.1f}x, bar {args.bar}x")
    sys.exit(0 if median >= args.bar else 1)


if __name__ == "__main__":
    main()
