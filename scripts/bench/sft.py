#!/usr/bin/env python3
"""Instruction tuning: slovo sft against TRL's SFTTrainer on a CPU, alternating in one run.

A tiny Llama (256 wide, 4 layers, 4,096 tokens; made here) and the same chats, batch and threads; packing and gradient
checkpointing off on both sides, the assistant's words learned. Examples/s of the steps behind a warm-up, and the peak of
memory above what is resident before the model is loaded (of slovo: above a run that reads the data only). Prints one JSON
line a dtype, then a table. `--python` names the interpreter that has trl (default: .venv-peers).
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from common import ROOT, SHARED, SLOVO, alternate, emit, processor

WARMUP, STEPS, BATCH, LENGTH = 5, 45, 8, 512
MODEL = {
    "run": {"log_level": "error"},
    "model": {"hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 4, "tie_word_embeddings": True},
    "tokenizer": {"kind": "bpe", "vocab_size": 4094},
    "data": {"seq_len": LENGTH}, "train": {"steps": 2, "batch_size": 2, "eval_every": 0},
}


def slovo(*words):
    done = subprocess.run([str(SLOVO), *map(str, words)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout) if "--json" in words else None


def make_inputs(folder):
    """Chats of at most LENGTH tokens, and a model that has the chat template and its tokens."""
    source = SHARED / "data/sft/codealpaca/code_alpaca_2k.json"
    rows = [row for row in json.loads(source.read_text()) if row["output"]]
    chats = folder / "chats.jsonl"
    with open(chats, "w") as out:
        for row in rows[:1200]:
            question = row["instruction"] + ("\n" + row["input"] if row["input"] else "")
            if len(question) + len(row["output"]) > 1000:
                continue
            out.write(json.dumps({"messages": [{"role": "user", "content": question},
                                               {"role": "assistant", "content": row["output"]}]}) + "\n")
    config = folder / "base.json"
    config.write_text(json.dumps(MODEL))
    text = SHARED / "data/pretrain/tinyshakespeare/input.txt"
    slovo("pretrain", config, "--data", text, "--out", folder / "base", "--data.cache_dir", folder / "cache")
    slovo("sft", "--model", folder / "base", "--data", chats, "--out", folder / "start", "--train.steps", 1,
          "--log-level", "error")
    return folder / "start/model", chats


def peak_of(command):
    """Runs it; returns the most memory it had."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return usage.ru_maxrss * 1024


def run_slovo(model, chats, dtype, threads):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        words = [SLOVO, "sft", "--model", model, "--data", chats, "--threads", threads, "--dtype", dtype,
                 "--data.seq_len", LENGTH, "--sft.packing=false", "--train.batch_size", BATCH, "--train.steps", STEPS,
                 "--train.schedule", "constant", "--train.warmup_steps", 0, "--data.valid_share", 0,
                 "--train.eval_every", 0, "--train.sample_every", 0, "--train.log_every", 1, "--log-level", "error"]
        command = [str(word) for word in words]
        before = peak_of(command + ["--dry-run"])
        peak = peak_of(command + ["--out", str(out)])
        rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    rows = [row for row in rows if "tokens_per_s" in row]
    seconds = rows[STEPS - 1]["seconds"] - rows[WARMUP - 1]["seconds"]
    return {"examples_per_s": (STEPS - WARMUP) * BATCH / seconds, "memory": peak - before,
            "loss": statistics.mean(row["loss"] for row in rows)}


def run_peer(python, model, chats, dtype, threads):
    words = [python, Path(__file__).with_name("peer_sft.py"), "--model", model, "--data", chats, "--dtype", dtype,
             "--threads", threads, "--batch", BATCH, "--steps", STEPS, "--warmup", WARMUP, "--length", LENGTH]
    done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
    row = json.loads(done.stdout.splitlines()[-1])
    return {"examples_per_s": row["examples_per_s"], "memory": row["peak"] - row["before"], "loss": row["loss"]}


def spread(values):
    return [round(value, 2) for value in (statistics.median(values), min(values), max(values))]


def measure(model, chats, dtype, args):
    figures, load = alternate({"slovo": lambda: run_slovo(model, chats, dtype, args.threads),
                               "trl": lambda: run_peer(args.python, model, chats, dtype, args.threads)}, args.rounds)
    pairs = list(zip(figures["slovo"], figures["trl"]))
    row = dict(dtype=dtype, rounds=len(pairs), others_cpu=round(load, 3))
    for name in ("slovo", "trl"):
        row[name] = round(statistics.median(each["examples_per_s"] for each in figures[name]), 1)
        row[f"{name}_memory_mib"] = round(statistics.median(each["memory"] for each in figures[name]) / 2**20, 1)
        row[f"{name}_loss"] = round(figures[name][0]["loss"], 4)
    row["speed_ratio"] = spread([ours["examples_per_s"] / theirs["examples_per_s"] for ours, theirs in pairs])
    row["memory_ratio"] = spread([ours["memory"] / theirs["memory"] for ours, theirs in pairs])
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--dtype", choices=["fp32", "bf16", "both"], default="both")
    args = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory() as folder:
        model, chats = make_inputs(Path(folder))
        for dtype in ("fp32", "bf16") if args.dtype == "both" else (args.dtype,):
            table.append(measure(model, chats, dtype, args))
            emit(**table[-1])
    print(f"\n{processor()}, {args.threads} threads; batch {BATCH}, medians of the rounds")
    print(f"{'dtype':<6} {'slovo ex/s':>11} {'TRL ex/s':>9} {'ratio':>22} {'slovo MiB':>10} {'TRL MiB':>8} {'ratio':>22}")
    for row in table:
        speed, memory = ("{} ({} to {})".format(*row[key]) for key in ("speed_ratio", "memory_ratio"))
        print(f"{row['dtype']:<6} {row['slovo']:>11} {row['trl']:>9} {speed:>22} {row['slovo_memory_mib']:>10} "
              f"{row['trl_memory_mib']:>8} {memory:>22}")


if __name__ == "__main__":
    main()
