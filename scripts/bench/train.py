#!/usr/bin/env python3
"""Training speed: slovo against PyTorch, eager and compiled, on the same model, alternating in one run.

Whole optimizer steps (batch, forward, backward, clipping, fused AdamW, loss read back), GPT-2 style decoders, three
shapes, fp32 and bf16 (PyTorch: autocast). Each round runs the sides one after the other in processes of their own and
takes the median step; rounds in which other processes were busy are set aside. The share of the peak is slovo's
floating-point operations per second (6 x matrix parameters + the causal half of attention, per token) over those of
PyTorch's fastest matrix product in the same round. Prints one JSON line a setting, then a table. `--python` names the
interpreter that has torch (default: .venv-peers).
"""
import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from common import ROOT, SHARED, SLOVO, alternate, emit, processor

# 65 characters and two special tokens make the vocabulary of the small ones.
SHAPES = {
    "4L/128d/T64/B12": dict(layers=4, heads=4, width=128, length=64, batch=12, vocab=67, steps=400),
    "6L/384d/T256/B16": dict(layers=6, heads=6, width=384, length=256, batch=16, vocab=67, steps=12),
    "gpt2-small/T512/B2": dict(layers=12, heads=12, width=768, length=512, batch=2, vocab=50304, steps=6),
}
GPU_SHAPES = {"gpt2-small/T1024/B32": dict(layers=12, heads=12, width=768, length=1024, batch=32, vocab=50304, steps=60)}
WARMUP = 3


def slovo_config(shape, dtype, args):
    return {
        "run": {"dtype": dtype, "threads": args.threads, "log_level": "warn", "device": args.device},
        "model": {
            "vocab_size": shape["vocab"], "hidden_size": shape["width"], "num_hidden_layers": shape["layers"],
            "num_attention_heads": shape["heads"], "norm": "layer", "position": "learned", "mlp": "gelu_tanh",
            "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True,
        },
        "tokenizer": {"kind": "char"},
        "data": {"seq_len": shape["length"], "valid_share": 0},
        "train": {
            "steps": shape["steps"] + WARMUP, "batch_size": shape["batch"], "lr": 1e-3, "warmup_steps": 0,
            # A GPU is asked for the loss only where it is logged.
            "log_every": 1 if args.device == "cpu" else 10, "eval_every": 0, "checkpoint_every": 0,
        },
    }


def run_slovo(shape, dtype, args):
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps(slovo_config(shape, dtype, args)))
        out = Path(folder) / "run"
        subprocess.run([SLOVO, "pretrain", config, "--data", args.data, "--out", out], check=True, stdout=subprocess.DEVNULL)
        rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return statistics.median([row["tokens_per_s"] for row in rows if "tokens_per_s" in row][WARMUP:])


def run_peer(shape, dtype, args, compiled):
    command = [args.python, Path(__file__).with_name("peer_gpt.py"), "--dtype", dtype, "--threads", args.threads,
               "--warmup", WARMUP, "--device", args.device]
    for name in ("layers", "heads", "width", "length", "batch", "vocab", "steps"):
        command += [f"--{name}", shape[name]]
    return statistics.median(output_of(command + ["--compile"] * compiled)["tokens_per_s"])


def run_peak(shape, dtype, args):
    tokens, width = shape["batch"] * shape["length"], shape["width"]
    products = [f"{tokens},{width},{3 * width}", f"{tokens},{width},{width}", f"{tokens},{width},{4 * width}",
                f"{tokens},{4 * width},{width}"]
    command = [args.python, Path(__file__).with_name("peer_peak.py"), "--dtype", dtype, "--threads", args.threads,
               "--device", args.device, *products]
    return output_of(command)["flops_per_s"]


def output_of(command):
    return json.loads(subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout)


def flops_per_token(shape):
    matrices = 12 * shape["layers"] * shape["width"] ** 2 + shape["vocab"] * shape["width"]
    return 6 * matrices + 6 * shape["layers"] * shape["length"] * shape["width"]


def measure(name, dtype, args):
    shape = {**SHAPES, **GPU_SHAPES}[name]
    sides = {"slovo": lambda: run_slovo(shape, dtype, args), "eager": lambda: run_peer(shape, dtype, args, False),
             "compile": lambda: run_peer(shape, dtype, args, True), "peak": lambda: run_peak(shape, dtype, args)}
    if not args.compile:
        del sides["compile"]
    figures, load = alternate(sides, args.rounds)
    row = dict(shape=name, dtype=dtype, rounds=len(figures["slovo"]), others_cpu=round(load, 3))
    row["slovo"] = round(statistics.median(figures["slovo"]))
    for peer in [side for side in ("eager", "compile") if side in sides]:
        ratios = sorted(ours / theirs for ours, theirs in zip(figures["slovo"], figures[peer]))
        row[peer] = round(statistics.median(figures[peer]))
        row[f"{peer}_ratio"] = [round(value, 2) for value in (statistics.median(ratios), ratios[0], ratios[-1])]
    shares = [ours * flops_per_token(shape) / peak for ours, peak in zip(figures["slovo"], figures["peak"])]
    row["peak_gflops"] = round(statistics.median(figures["peak"]) / 1e9)
    row["peak_share"] = round(statistics.median(shares), 3)
    return row


def ratio_text(row, peer):
    return "{}x ({} to {})".format(*row[f"{peer}_ratio"]) if f"{peer}_ratio" in row else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--data", default=str(SHARED / "data/pretrain/tinyshakespeare/input.txt"))
    parser.add_argument("--compile", action="store_true", help="torch.compile too (needs a C++ compiler; slow to start)")
    parser.add_argument("--shape", choices=[*SHAPES, *GPU_SHAPES, "all"], default="all", help="all: those of the device")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--dtype", choices=["fp32", "bf16", "both"], default="both")
    args = parser.parse_args()

    table = []
    for name in (SHAPES if args.device == "cpu" else GPU_SHAPES) if args.shape == "all" else [args.shape]:
        for dtype in ("fp32", "bf16") if args.dtype == "both" else (args.dtype,):
            table.append(measure(name, dtype, args))
            emit(**table[-1])
    print(f"\n{processor()}, {args.device}, {args.threads} threads; tokens/s of the median step, median of the rounds; slovo/PyTorch")
    print(f"{'shape':<20} {'dtype':<6} {'slovo':>9} {'eager':>22} {'compiled':>22} {'share of peak':>14}")
    for row in table:
        print(f"{row['shape']:<20} {row['dtype']:<6} {row['slovo']:>9,} {ratio_text(row, 'eager'):>22} "
              f"{ratio_text(row, 'compile'):>22} {row['peak_share']:>13.1%}")


if __name__ == "__main__":
    main()
