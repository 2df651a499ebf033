#!/usr/bin/env python3
"""Memory of a GPT-2 small training step (T 512, B 2, vocabulary 50,304, bf16): slovo against PyTorch eager.

    scripts/acceptance/step_memory.py --data input.txt [--python .venv-peers/bin/python]

Peak memory minus what the process held just before the model was made, on both sides; slovo with moments in fp32 and in
bf16. Fails when what slovo takes above parameters, gradients and optimizer state is more than 0.4 times PyTorch's, or when
the whole with bf16 moments is more than 0.75 times.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHAPE = {"vocab": 50304, "layers": 12, "heads": 12, "width": 768, "length": 512, "batch": 2}


def config(threads, moments):
    return {
        "run": {"dtype": "bf16", "threads": threads, "log_level": "warn"},
        "model": {"vocab_size": SHAPE["vocab"], "hidden_size": SHAPE["width"], "num_hidden_layers": SHAPE["layers"],
                  "num_attention_heads": SHAPE["heads"], "norm": "layer", "position": "learned", "mlp": "gelu_tanh",
                  "attention_bias": True, "mlp_bias": True},
        "tokenizer": {"kind": "char"},
        "data": {"seq_len": SHAPE["length"], "valid_share": 0},
        "train": {"steps": 3, "batch_size": SHAPE["batch"], "warmup_steps": 0, "eval_every": 0, "checkpoint_every": 0,
                  "log_every": 1, "moment_dtype": moments},
    }


def run_slovo(args, moments):
    """What the model and its training took, and how much of it is parameters, gradients and moments."""
    with tempfile.TemporaryDirectory(prefix="slovo-memory-") as work:
        path = Path(work) / "config.json"
        path.write_text(json.dumps(config(args.threads, moments)))
        command = [args.slovo, "pretrain", path, "--data", args.data, "--out", f"{work}/run", "--json"]
        plan = json.loads(subprocess.run([*command, "--dry-run"], stdout=subprocess.PIPE, check=True, text=True).stdout)
        memory = plan["memory"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit("slovo failed")
    return usage.ru_maxrss * 1024 - memory["program_and_text"], memory["weights"] + memory["gradients"] + memory["optimizer"]


def run_peer(args):
    command = [args.python, ROOT / "scripts/bench/peer_memory.py", "--threads", str(args.threads)]
    for name, value in SHAPE.items():
        command += [f"--{name}", str(value)]
    peer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return peer["peak"] - peer["before"], 16 * peer["parameters"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--slovo", default=str(ROOT / "build/release/slovo"))
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    sides = {"PyTorch": run_peer(args), "slovo, fp32 moments": run_slovo(args, "fp32"),
             "slovo, bf16 moments": run_slovo(args, "bf16")}
    for name, (whole, state) in sides.items():
        print(f"{name:<20} {whole / 1e6:>7.0f} MB, {(whole - state) / 1e6:>6.0f} MB of it above parameters, gradients and "
              f"optimizer state ({state / 1e6:.0f} MB)")
    peer, peer_state = sides["PyTorch"]
    whole, state = sides["slovo, fp32 moments"]
    above = (whole - state) / (peer - peer_state)
    total = sides["slovo, bf16 moments"][0] / peer
    print(f"above the state {above:.2f}x (bar 0.40x); in all, with bf16 moments, {total:.2f}x (bar 0.75x)")
    sys.exit(0 if above <= 0.4 and total <= 0.75 else 1)


if __name__ == "__main__":
    main()
