#!/usr/bin/env python3
"""Trains configs/pretrain/world.json on the made-up world and compares it, in bits per byte, with a 5-gram of words.

    scripts/acceptance/world.py [--data data/world] [--slovo build/release/slovo] [--model RUN] [FLAG...]

Makes the world first where --data has none. Further flags go to `slovo pretrain`; --model measures a run that is already trained.
The 5-gram is interpolated modified Kneser-Ney; words that the training text has once or never are spelled by a character model.
Fails when the model is not at least --bar better than the 5-gram on the held-out text.
"""
import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ORDER = 5
# Joined, the words give back the text; so their probability is one of the text.
WORD = re.compile(r" ?\w+| ?[^\w\s]|\s")
UNKNOWN, BEGIN, END = 0, 1, 2


def read_texts(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


class KneserNey:
    """P(item | the items before it), for items 0 .. size-1; an n-gram is one number, its first item in the highest place."""

    def __init__(self, sequences, size, order):
        self.size, self.order = size, order
        self.counts = [None] * (order + 1)
        self.counts[order] = self._count(sequences)
        for n in range(order - 1, 0, -1):        # how many different items come before
            place = size ** n
            self.counts[n] = Counter(gram % place for gram in self.counts[n + 1])
        self.contexts = [None] + [self._sum(self.counts[n]) for n in range(1, order + 1)]
        self.discounts = [None] + [self._discounts(self.counts[n]) for n in range(1, order + 1)]

    def _count(self, sequences):
        counts, place = Counter(), self.size ** self.order
        for sequence in sequences:
            gram = self.start()
            for item in sequence:
                gram = (gram * self.size + item) % place
                counts[gram] += 1
        return counts

    def start(self):
        gram = 0
        for _ in range(self.order):
            gram = gram * self.size + BEGIN
        return gram

    def _sum(self, counts):
        """Of each context: the sum of its counts, and how many of them are 1, 2, and more."""
        contexts = {}
        for gram, count in counts.items():
            entry = contexts.setdefault(gram // self.size, [0, 0, 0, 0])
            entry[0] += count
            entry[min(count, 3)] += 1
        return contexts

    @staticmethod
    def _discounts(counts):
        """Chen and Goodman's estimates for counts of 1, 2, and more."""
        n = Counter(count for count in counts.values() if count <= 4)
        y = n[1] / max(1, n[1] + 2 * n[2])
        return [0] + [min(c, max(0.01, c - (c + 1) * y * n[c + 1] / max(1, n[c]))) for c in (1, 2, 3)]

    def probability(self, gram):
        """Of the last item of an n-gram, given those before it."""
        p = 1 / self.size
        for n in range(1, self.order + 1):
            part = gram % self.size ** n
            entry = self.contexts[n].get(part // self.size)
            if entry is None:
                break
            discount, count = self.discounts[n], self.counts[n].get(part, 0)
            left = discount[1] * entry[1] + discount[2] * entry[2] + discount[3] * entry[3]
            p = (count - discount[min(count, 3)] + left * p) / entry[0]
        return p

    def bits(self, sequence):
        gram, place, total = self.start(), self.size ** self.order, 0.0
        for item in sequence:
            gram = (gram * self.size + item) % place
            total -= math.log2(self.probability(gram))
        return total

    def tune(self, sequences):
        """Scales the discounts of each order to what predicts `sequences` best; returns the scales."""
        scales = []
        for n in range(self.order, 0, -1):
            base = self.discounts[n]
            tried = {}
            for scale in (0.7, 0.85, 1.0, 1.15, 1.3):
                self.scale(n, base, scale)
                tried[scale] = sum(map(self.bits, sequences))
            scales.append((n, min(tried, key=tried.get)))
            self.scale(n, base, scales[-1][1])
        return scales

    def scale(self, n, base, scale):
        self.discounts[n] = [min(c, d * scale) for c, d in enumerate(base)]


class Words:
    """Texts as numbers, and the spelling of words that have none."""

    def __init__(self, texts):
        counts = Counter(word for text in texts for word in WORD.findall(text))
        known = sorted(word for word, count in counts.items() if count > 1)
        self.ids = {word: i + 3 for i, word in enumerate(known)}
        self.size = len(known) + 3
        rare = [word for word, count in counts.items() if count == 1]
        letters = sorted({letter for word in counts for letter in word})
        self.letters = {letter: i + 3 for i, letter in enumerate(letters)}
        self.spelling = KneserNey([self._spelled(word) for word in rare + known], len(letters) + 3, 4)

    def _spelled(self, word):
        return [self.letters.get(letter, UNKNOWN) for letter in word] + [END]

    def numbers(self, text):
        return [self.ids.get(word, UNKNOWN) for word in WORD.findall(text)] + [END]

    def spelling_bits(self, text):
        """Of all the unknown words; a letter never seen costs the 20 bits of any Unicode letter on top."""
        bits = 0.0
        for word in WORD.findall(text):
            if word not in self.ids:
                bits += self.spelling.bits(self._spelled(word)) + 20 * sum(letter not in self.letters
                                                                           for letter in word)
        return bits


def ngram_bits_per_byte(train, heldout):
    words = Words(train)
    numbers = [words.numbers(text) for text in train]
    model = KneserNey([sequence for i, sequence in enumerate(numbers) if i % 20], words.size, ORDER)
    scales = model.tune(numbers[::20])
    model = KneserNey(numbers, words.size, ORDER)
    for n, scale in scales:
        model.scale(n, model.discounts[n], scale)
    bits = sum(model.bits(words.numbers(text)) + words.spelling_bits(text) for text in heldout)
    return bits / sum(len(text.encode()) for text in heldout)


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout) if done.stdout else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "data/world")
    parser.add_argument("--slovo", default=str(ROOT / "build/release/slovo"))
    parser.add_argument("--model", help="a run of the config, instead of training one")
    parser.add_argument("--bar", type=float, default=0.15)
    args, flags = parser.parse_known_args()
    if not args.data.exists():
        run(sys.executable, ROOT / "scripts/make_world.py", "--out", args.data)
    corpus = args.data / "corpus"
    with tempfile.TemporaryDirectory(prefix="slovo-world-") as work:
        if not args.model:
            args.model = f"{work}/run"
            result = run(args.slovo, "pretrain", ROOT / "configs/pretrain/world.json", "--data", corpus / "train.jsonl",
                         "--out", args.model, "--json",
                         "--log-level", "warn", *flags)
            print(f"trained {result['parameters']:,} parameters in {result['dtype']}", flush=True)
        model = run(args.slovo, "eval", "perplexity", "--model", args.model, "--data", corpus / "heldout.jsonl",
                    "--json")["bits_per_byte"]
    ngram = ngram_bits_per_byte(read_texts(corpus / "train.jsonl"), read_texts(corpus / "heldout.jsonl"))
    better = 1 - model / ngram
    print(f"bits per byte on the held-out text: model {model:.4f}, 5-gram of words {ngram:.4f}; the model is "
          f"{better:.1%} better, bar {args.bar:.0%}")
    sys.exit(0 if better >= args.bar else 1)


if __name__ == "__main__":
    main()
