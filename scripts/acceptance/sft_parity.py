#!/usr/bin/env python3
"""slovo sft against TRL's SFTTrainer and transformers: masks, loss and gradients.

Masks: for every chat template that slovo brings, 100 made-up dialogues (several turns, system messages, Unicode, empty
answers) must give the ids and the mask of apply_chat_template(return_assistant_tokens_mask=True). Loss and gradients: of one
batch of such dialogues with assistant-only loss, within 1e-4 of TRL's (relative to the largest gradient of each weight);
slovo's gradients are what a step of plain SGD at rate 1 takes off the weights. Eight rows at once, one at a time and packed
are compared with the same. `--python` names the interpreter that has trl (default: .venv-peers).
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOVO = Path(os.environ.get("SLOVO_BINARY", ROOT / "build/release/slovo"))
SHARED = Path(os.environ.get("SLOVO_SHARED", ROOT.parent / "shared"))
MODEL = SHARED / "data/models/stories260K/hf"
TEMPLATES = ["chatml", "llama3", "qwen", "gemma", "mistral", "zephyr", "plain"]
WITHOUT_SYSTEM = {"gemma"}
TOLERANCE = 1e-4
BATCH = 8

WORDS = ("Tim Lily dog ball the a was and went to park big red happy said ran home mom saw bird tree day fun her his "
         "naïve Ωmega Привет 你好 🙂 tab\there  two spaces  new\nline don't 3.14 <b> {x} \"quoted\"").split(" ")


def text(rng, longest):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, longest))) or "ok"


def dialogue(rng, system, number):
    messages = [{"role": "system", "content": text(rng, 6)}] if system and rng.random() < 0.4 else []
    for turn in range(rng.randint(1, 3)):
        messages.append({"role": "user", "content": f"{number}.{turn} {text(rng, 8)}"})
        empty = turn > 0 and rng.random() < 0.15
        messages.append({"role": "assistant", "content": "" if empty else text(rng, 10)})
    return messages


def write_dialogues(path, count, system, seed):
    rng = random.Random(seed)
    with open(path, "w") as out:
        for number in range(count):
            out.write(json.dumps({"messages": dialogue(rng, system, number)}) + "\n")


def sft(*words, check=True):
    done = subprocess.run([str(SLOVO), "sft", *map(str, words), "--log-level", "error"], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise SystemExit(f"slovo sft {' '.join(map(str, words))}\n{done.stderr}")
    return done.stdout


def peer(python, *words):
    done = subprocess.run([python, __file__, *map(str, words)], capture_output=True, text=True,
                          env={**os.environ, "HF_HUB_OFFLINE": "1"})
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


# ---- in the interpreter that has the peers

def peer_masks(folder, data):
    from transformers import AutoTokenizer
    tokenizer = AutoTokenizer.from_pretrained(folder)
    out = []
    for line in open(data):
        got = tokenizer.apply_chat_template(json.loads(line)["messages"], tokenize=True, return_dict=True,
                                            return_assistant_tokens_mask=True)
        out.append([got["input_ids"], got["assistant_masks"]])
    print(json.dumps(out))


def peer_gradients(folder, data, save):
    import torch
    from datasets import Dataset
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer
    rows = Dataset.from_list([{"messages": json.loads(line)["messages"]} for line in open(data)])
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with tempfile.TemporaryDirectory() as out:
        config = SFTConfig(output_dir=out, use_cpu=True, bf16=False, max_length=None, packing=False, report_to=[],
                           per_device_train_batch_size=len(rows), gradient_checkpointing=False,
                           assistant_only_loss=True, disable_tqdm=True)
        trainer = SFTTrainer(model=model, args=config, train_dataset=rows,
                             processing_class=AutoTokenizer.from_pretrained(folder))
        batch = next(iter(trainer.get_train_dataloader()))
        loss = trainer.compute_loss(model, batch, num_items_in_batch=None)
        loss.backward()
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    save_file({name: grad.contiguous() for name, grad in grads.items()}, save)
    print(json.dumps({"loss": loss.item()}))


def compare_gradients(before, after, expected):
    """The largest difference of a weight's gradient, relative to the largest of that weight."""
    from safetensors.torch import load_file
    start, end, theirs = (load_file(path) for path in (before, after, expected))
    worst = 0.0
    for name, gradient in theirs.items():
        ours = start[name] - end[name]
        worst = max(worst, ((ours - gradient).abs().max() / gradient.abs().max().clamp_min(1e-12)).item())
    print(json.dumps({"worst": worst, "weights": len(theirs)}))


# ---- the checks

def check_masks(python, work, failures):
    for name in TEMPLATES:
        data, folder = work / f"{name}.jsonl", work / f"tuned-{name}"
        write_dialogues(data, 100, name not in WITHOUT_SYSTEM, 7)
        words = ["--model", MODEL, "--data", data, "--sft.template", name, "--data.valid_share", 0, "--sft.too_long", "truncate"]
        sft(*words, "--out", folder, "--train.steps", 1, "--train.sample_every", 0)
        ours = [json.loads(line) for line in sft(*words, "--show-mask", 100, "--json").splitlines()]
        theirs = peer(python, "--masks", folder / "model", data)
        same = sum(mine["ids"] == ids and [w != 0 for w in mine["weights"]] == [bool(m) and i > 0 for i, m in enumerate(mask)]
                   for mine, (ids, mask) in zip(ours, theirs))
        print(f"masks {name:<8} {same} of {len(theirs)} equal", flush=True)
        if same != 100 or len(theirs) != 100:
            failures.append(f"masks of {name}: {same} of {len(theirs)}")


def check_gradients(python, work, failures):
    data, start = work / "batch.jsonl", work / "start"
    write_dialogues(data, BATCH, True, 11)
    common = ["--data", data, "--data.valid_share", 0, "--dtype", "fp32", "--train.sample_every", 0,
              "--train.warmup_steps", 0, "--train.schedule", "constant", "--train.eval_every", 0, "--train.log_every", 1]
    sft("--model", MODEL, "--out", start, "--train.steps", 20, "--train.lr", 1e-3, *common)
    theirs = peer(python, "--gradients", start / "model", data, work / "theirs.safetensors")
    step = ["--model", start, "--train.steps", 1, "--train.optimizer", "sgd", "--train.lr", 1, "--train.grad_clip", 0, *common]
    ways = {"8 rows": ["--sft.packing=false", "--train.batch_size", BATCH],
            "8 x 1 row": ["--sft.packing=false", "--train.batch_size", BATCH, "--train.micro_batch_size", 1],
            "packed": ["--train.batch_size", 0]}
    rows = json.loads(sft("--model", start, "--data", data, "--data.valid_share", 0, "--dry-run", "--json"))["rows_per_epoch"]
    ways["packed"][1] = rows
    for name, more in ways.items():
        out = work / f"step-{name.replace(' ', '')}"
        sft(*step, *more, "--out", out)
        loss = next(json.loads(line)["loss"] for line in open(out / "metrics.jsonl") if '"loss"' in line)
        worst = peer(python, "--compare", start / "model/model.safetensors", out / "model/model.safetensors",
                     work / "theirs.safetensors")
        off = abs(loss - theirs["loss"]) / theirs["loss"]
        print(f"{name:<10} loss {loss:.6f}, TRL {theirs['loss']:.6f} (off {off:.1e}); gradients of {worst['weights']} weights "
              f"off by {worst['worst']:.1e}", flush=True)
        if off > TOLERANCE or worst["worst"] > TOLERANCE:
            failures.append(f"{name}: loss off {off:.1e}, gradients off {worst['worst']:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=str(ROOT / ".venv-peers/bin/python"))
    parser.add_argument("--masks", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--gradients", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--compare", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    for work, given in ((peer_masks, args.masks), (peer_gradients, args.gradients), (compare_gradients, args.compare)):
        if given:
            return work(*given)
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        check_masks(args.python, Path(folder), failures)
        check_gradients(args.python, Path(folder), failures)
    print("\n".join(failures) if failures else "all equal")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
