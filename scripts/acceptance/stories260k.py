#!/usr/bin/env python3
"""Runs the binary on stories260K, a real trained Llama, and compares with its reference: logits, greedy text, NLL.

Needs the shared data (SLOVO_SHARED, default ../shared) and build/release/slovo (or the binary given). Only Python's own
library. Prints a line a check and exits with 1 if one fails.
"""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("SLOVO_SHARED", ROOT.parent / "shared")) / "data"
FOLDER = DATA / "models" / "stories260K"
TEXTS = DATA / "pretrain" / "tinystories" / "tinystories_train_part.txt"


class Slovo:
    def __init__(self, binary):
        self.binary = binary

    def __call__(self, *words, stdin=""):
        done = subprocess.run([self.binary, *map(str, words)], input=stdin, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"slovo {' '.join(map(str, words))}: exit code {done.returncode}\n{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def score(self, lines, *words):
        stdin = "".join(json.dumps(line) + "\n" for line in lines)
        return self("eval", "score", "--model", FOLDER / "hf", "--data", "-", *words, stdin=stdin)


def check(name, passed, found):
    print(f"{'ok    ' if passed else 'FAILED'} {name}: {found}")
    return passed


def check_logits(slovo, reference):
    """The log-probabilities of every token after the prompt are its logits less one number, log sum exp."""
    prompt, want = reference["prompt_ids_with_bos"], reference["last_logits"]
    lines = slovo.score([{"ids": prompt + [token]} for token in range(len(want))])
    norm = math.log(sum(math.exp(logit) for logit in want))
    worst = max(abs(line["logprobs"][-1] - (logit - norm)) for line, logit in zip(lines, want))
    return check("logits after the prompt, largest difference", worst <= 1e-4, f"{worst:.2e}")


def check_greedy(slovo, reference):
    want = reference["greedy_text_from_bos_runc_t0"]
    out, = slovo("generate", "--model", FOLDER / "hf", "--temperature", 0, "--max-tokens", 256, "--json", "")
    same = 0
    while same < len(want) and out["text"][same:same + 1] == want[same]:
        same += 1
    ids = reference["greedy_ids_numpy_first60"][1:]
    return (check("greedy text, characters equal", same == len(want), f"{same} of {len(want)}") &
            check("greedy ids", out["ids"][:len(ids)] == ids, f"the first {len(ids)}"))


def check_nll(slovo, reference):
    want, tokens = reference["nll_per_token_first20_texts"], reference["nll_tokens"]
    texts = [text.strip() for text in TEXTS.read_text(encoding="utf-8").split("<|endoftext|>")[:20]]
    passed = True
    for batch_size in (1, 16):
        lines = slovo.score([{"context": "", "continuation": text} for text in texts], "--eval.batch_size", batch_size)
        counted = sum(len(line["ids"]) for line in lines)
        nll = -sum(line["sum_logprob"] for line in lines) / counted
        passed &= check(f"NLL per token of 20 texts in batches of {batch_size}", abs(nll - want) <= 5e-4 and counted == tokens,
                        f"{nll:.6f} over {counted} tokens, reference {want:.6f} over {tokens}")
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=ROOT / "build" / "release" / "slovo", help="default: build/release/slovo")
    slovo = Slovo(parser.parse_args().binary)
    if not FOLDER.exists():
        sys.exit(f"{FOLDER} is not here: set SLOVO_SHARED to the folder that holds data/models/stories260K")
    reference = json.loads((FOLDER / "reference.json").read_text())
    results = [check_logits(slovo, reference), check_greedy(slovo, reference), check_nll(slovo, reference)]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
