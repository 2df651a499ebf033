#!/usr/bin/env python3
"""Adapters that slovo trains, opened by PEFT; merged; and the memory that QLoRA takes.

    .venv-peers/bin/python scripts/acceptance/lora.py --model stories260K/hf --data dialogues.jsonl

1. `slovo sft` trains LoRA, rsLoRA and DoRA adapters on the model. PEFT opens each on the model as transformers opens
   it: log-probabilities of random texts differ from slovo's by at most 1e-4.
2. `slovo model merge` makes each part of the model: its own largest logit difference, and that of the merged model in
   transformers from PEFT's, are at most 1e-4 in fp32.
3. A llama of 110 M parameters is trained whole and by QLoRA (NF4), two rows of 128 tokens a step: QLoRA's peak above
   the program's own memory is at most 45 % of the whole's.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peft
import torch
import transformers

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"LoRA": [], "rsLoRA": ["--lora.rslora"], "DoRA": ["--lora.dora"]}
TOLERANCE, SHARE = 1e-4, 0.45


def sft(args, model, out, flags):
    return [args.slovo, "sft", "--model", model, "--data", args.data, "--out", out, "--threads", str(args.threads),
            *flags]


def run(command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"failed: {' '.join(str(word) for word in command)}")
    return done.stdout


def random_texts(model, rows=4):
    torch.manual_seed(1)
    length = min(128, model.config.max_position_embeddings)
    return torch.randint(0, model.config.vocab_size, (rows, length))


def their_log_probs(model, ids):
    with torch.no_grad():
        return torch.log_softmax(model(input_ids=ids).logits[:, :-1], -1).gather(2, ids[:, 1:, None]).squeeze(2)


def our_log_probs(args, adapter, ids):
    lines = "".join(json.dumps({"ids": row}) + "\n" for row in ids.tolist())
    out = run([args.slovo, "eval", "score", "--model", args.model, "--adapter", adapter, "--dtype", "fp32", "--data",
               "-"], input=lines)
    return torch.tensor([json.loads(line)["logprobs"] for line in out.splitlines()])


def logits(model, ids):
    with torch.no_grad():
        return model(input_ids=ids).logits


def check_adapter(args, work, name):
    """The largest differences: PEFT from slovo, merged from adapted as slovo says, merged in transformers from PEFT."""
    adapter = work / name
    flags = ["--lora.rank", "8", "--train.steps", "30", "--train.lr", "1e-2", *SETTINGS[name]]
    run(sft(args, args.model, adapter, flags))
    base = transformers.AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32)
    ids = random_texts(base)
    before = logits(base, ids)
    adapted = peft.PeftModel.from_pretrained(base, adapter / "model").eval()
    changed = (logits(adapted, ids) - before).abs().max().item()
    if changed < 1e-2:
        sys.exit(f"{name}: training changed no logit by more than {changed:.1e}")
    ours = (their_log_probs(adapted, ids) - our_log_probs(args, adapter, ids)).abs().max().item()
    report = json.loads(run([args.slovo, "model", "merge", "--model", args.model, "--adapter", adapter, "--out",
                             work / f"{name}-merged", "--json"]))
    merged = transformers.AutoModelForCausalLM.from_pretrained(work / f"{name}-merged", dtype=torch.float32)
    theirs = (logits(merged, ids) - logits(adapted, ids)).abs().max().item()
    return ours, report["largest_logit_difference"], theirs


def make_large_model(args, folder):
    """A llama of 110 M random parameters, with the small model's tokenizer."""
    torch.manual_seed(2)
    config = transformers.LlamaConfig(vocab_size=32000, hidden_size=768, intermediate_size=2048, num_hidden_layers=12,
                                      num_attention_heads=12, max_position_embeddings=1024, tie_word_embeddings=True)
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    for file in Path(args.model).iterdir():
        if "token" in file.name or "vocab" in file.name or "template" in file.name:
            shutil.copy(file, folder)
    return sum(parameter.numel() for parameter in model.parameters())


def peak_bytes(command):
    """By the process's own high-water mark: rusage of a child counts what this process had when it forked."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except OSError:
            break
        peak = max([peak, *(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))])
        time.sleep(0.005)
    if process.wait() != 0:
        sys.exit(f"failed: {' '.join(str(word) for word in command)}")
    return peak


def check_memory(args, work):
    """QLoRA's peak as a share of full fine-tuning's, both above what the program itself takes."""
    model = work / "large"
    parameters = make_large_model(args, model)
    steps = ["--train.steps", "3", "--train.batch_size", "2", "--data.seq_len", "128", "--train.warmup_steps", "0"]
    program = peak_bytes([args.slovo, "--version"])
    whole = peak_bytes(sft(args, model, work / "whole", steps)) - program
    qlora = [*steps, "--lora.rank", "8", "--lora.base", "nf4"]
    small = peak_bytes(sft(args, model, work / "qlora", qlora)) - program
    print(f"{parameters / 1e6:.0f} M parameters: whole {whole / 1e6:.0f} MB, QLoRA {small / 1e6:.0f} MB: "
          f"{small / whole:.2f} (bar {SHARE}); the program itself {program / 1e6:.0f} MB")
    return small / whole <= SHARE


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a small model folder")
    parser.add_argument("--data", required=True, help="instructions to train on")
    parser.add_argument("--slovo", default=str(ROOT / "build/release/slovo"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    passed = True
    with tempfile.TemporaryDirectory(prefix="slovo-lora-") as folder:
        work = Path(folder)
        for name in SETTINGS:
            differences = check_adapter(args, work, name)
            print(f"{name:<7} PEFT {differences[0]:.1e}, merged {differences[1]:.1e}, merged in transformers "
                  f"{differences[2]:.1e} (bar {TOLERANCE})")
            passed &= max(differences) <= TOLERANCE
        passed &= check_memory(args, work)
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
