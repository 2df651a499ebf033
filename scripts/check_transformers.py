#!/usr/bin/env python3
"""Opens model folders that slovo wrote in transformers, and compares what both compute.

For each folder: AutoModelForCausalLM opens it as the class its config.json names, with every weight used; the
log-probabilities of random token ids that `slovo eval score` gives equal those of transformers within 1e-4; and, with
--text, `slovo tokenizer encode` gives the ids of Hugging Face `tokenizers`.

    python scripts/check_transformers.py [--slovo build/release/slovo] [--text FILE] DIR...
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
import transformers

TOLERANCE = 1e-4
ROWS, LONGEST = 8, 128


def open_model(folder):
    """The model in fp32; fails when a weight is missing, unexpected or of another shape."""
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True)
    problems = {kind: names for kind, names in info.items() if names}
    if problems:
        raise SystemExit(f"{folder}: transformers reports {problems}")
    named = model.config.architectures
    if named != [type(model).__name__]:
        raise SystemExit(f"{folder}: config.json names {named}, transformers opens {type(model).__name__}")
    return model.eval()


def run_slovo(slovo, arguments, text=None):
    done = subprocess.run([slovo, *arguments], input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"slovo {' '.join(arguments)}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def largest_difference(slovo, folder, model):
    """Between the log-probabilities of both, over random rows of different lengths."""
    torch.manual_seed(0)
    longest = min(LONGEST, model.config.max_position_embeddings)
    rows = [torch.randint(0, model.config.vocab_size, (max(2, longest * (i + 1) // ROWS),)) for i in range(ROWS)]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps({"ids": row.tolist()}) + "\n" for row in rows)
        file.flush()
        scored = run_slovo(slovo, ["eval", "score", "--model", str(folder), "--data", file.name, "--dtype", "fp32"])
    largest = 0.0
    for row, ours in zip(rows, scored, strict=True):
        with torch.no_grad():
            log_probs = model(row[None]).logits[0, :-1].log_softmax(-1)
        theirs = log_probs.gather(1, row[1:, None])[:, 0]
        largest = max(largest, (torch.tensor(ours["logprobs"]) - theirs).abs().max().item())
    return largest


def check_tokenizer(slovo, folder, path):
    """The number of ids of the text, the same by both."""
    import tokenizers

    text = pathlib.Path(path).read_text(encoding="utf-8")
    theirs = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids
    arguments = ["tokenizer", "encode", "--tokenizer", str(folder), "--whole", "--json", str(path)]
    ours = run_slovo(slovo, arguments)[0]["ids"]
    if ours != theirs:
        place = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
        raise SystemExit(f"{folder}: ids differ from tokenizers' at {place}: {ours[place:place + 5]}, "
                         f"{theirs[place:place + 5]}")
    return len(theirs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--slovo", default="build/release/slovo")
    parser.add_argument("--text", help="also encode this file by both tokenizers")
    arguments = parser.parse_args()
    failed = False
    for folder in arguments.folders:
        model = open_model(folder)
        difference = largest_difference(arguments.slovo, folder, model)
        line = f"{folder}: {type(model).__name__}, log-probabilities within {difference:.1e}"
        if arguments.text:
            line += f", {check_tokenizer(arguments.slovo, folder, arguments.text)} ids equal"
        print(line if difference <= TOLERANCE else f"{line}: MORE THAN {TOLERANCE}")
        failed |= difference > TOLERANCE
    sys.exit(failed)


if __name__ == "__main__":
    main()
