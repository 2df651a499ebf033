#!/usr/bin/env python3
"""Training speed: slovo against PyTorch eager on the same model, alternating in one run.

Whole optimizer steps (batch, forward, backward, clipping, fused AdamW, loss read back), GPT-2 style decoders, three
shapes, fp32 and bf16 (PyTorch: autocast). Each round runs slovo and the peer one after the other in processes of their
own and takes the median step; rounds in which other processes were busy are set aside. Prints one JSON line a setting,
then a table. `--python` names the interpreter that has torch (default: .venv-peers).
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from common import ROOT, SHARED, SLOVO, alternate, emit, processor

SHAPES = {
    "4L/128d/T64/B12": dict(layers=4, heads=4, width=128, length=64, batch=12, vocab=128, steps=400),
    "6L/384d/T256/B16": dict(layers=6, heads=6, width=384, length=256, batch=16, vocab=128, steps=12),
    "gpt2-small/T512/B2": dict(layers=12, heads=12, width=768, length=512, batch=2, vocab=50304, steps=6),
}
WARMUP = 3


def slovo_config(shape, dtype, threads):
    return {
        "run": {"dtype": dtype, "threads": threads, "log_level": "warn"},
        "model": {
            "vocab_size": shape["vocab"], "hidden_size": shape["width"], "num_hidden_layers": shape["layers"],
            "num_attention_heads": shape["heads"], "norm": "layer", "position": "learned", "mlp": "gelu_tanh",
            "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True,
        },
        "tokenizer": {"kind": "char"},
        "data": {"seq_len": shape["length"], "valid_share": 0},
        "train": {
            "steps": shape["steps"] + WARMUP, "batch_size": shape["batch"], "lr": 1e-3, "warmup_steps": 0,
            "log_every": 1, "eval_every": 0, "checkpoint_every": 0,
        },
    }


def run_slovo(shape, dtype, threads, text):
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps(slovo_config(shape, dtype, threads)))
        out = Path(folder) / "run"
        subprocess.run([SLOVO, "pretrain", config, "--data", text, "--out", out], check=True, stdout=subprocess.DEVNULL)
        rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return statistics.median([row["tokens_per_s"] for row in rows if "tokens_per_s" in row][WARMUP:])


def run_peer(python, shape, dtype, threads):
    command = [python, Path(__file__).with_name("peer_gpt.py"), "--dtype", dtype, "--threads", threads, "--warmup", WARMUP]
    for name in ("layers", "heads", "width", "length", "batch", "vocab", "steps"):
        command += [f"--{name}", shape[name]]
    out = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    return statistics.median(json.loads(out)["tokens_per_s"])


def measure(name, dtype, args):
    shape = SHAPES[name]
    figures, load = alternate({"slovo": lambda: run_slovo(shape, dtype, args.threads, args.data),
                               "pytorch": lambda: run_peer(args.python, shape, dtype, args.threads)}, args.rounds)
    ratios = [ours / theirs for ours, theirs in zip(figures["slovo"], figures["pytorch"])]
    return dict(shape=name, dtype=dtype, slovo=round(statistics.median(figures["slovo"])),
                pytorch=round(statistics.median(figures["pytorch"])), ratio=round(statistics.median(ratios), 2),
                ratio_low=round(min(ratios), 2), ratio_high=round(max(ratios), 2), rounds=len(ratios),
                others_cpu=round(load, 3))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--data", default=str(SHARED / "data/pretrain/tinyshakespeare/input.txt"))
    parser.add_argument("--shape", choices=[*SHAPES, "all"], default="all")
    parser.add_argument("--dtype", choices=["fp32", "bf16", "both"], default="both")
    args = parser.parse_args()

    table = []
    for name in SHAPES if args.shape == "all" else [args.shape]:
        for dtype in ("fp32", "bf16") if args.dtype == "both" else (args.dtype,):
            table.append(measure(name, dtype, args))
            emit(**table[-1])
    print(f"\n{processor()}, {args.threads} threads; tokens/s of the median step, median of the rounds")
    print(f"{'shape':<20} {'dtype':<6} {'slovo':>9} {'PyTorch eager':>14} {'ratio':>6}  (lowest to highest)")
    for row in table:
        print(f"{row['shape']:<20} {row['dtype']:<6} {row['slovo']:>9,} {row['pytorch']:>14,} {row['ratio']:>5}x"
              f"  ({row['ratio_low']} to {row['ratio_high']})")


if __name__ == "__main__":
    main()
