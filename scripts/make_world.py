#!/usr/bin/env python3
"""Makes up a small world and writes texts, chats, preferences and an exam about it: data to train and measure with.

    scripts/make_world.py [--out data/world] [--seed 1]

The same seed gives the same bytes on every Python from 3.9 on. Only Python's own library. The data is CC0.
"""
import argparse
import json
from pathlib import Path

from world import corpus, exam, facts, instructions, leak, preferences, russian, society

VERSION = 3
TRAIN, HELDOUT = 6_000_000, 300_000
RUSSIAN_TRAIN, RUSSIAN_HELDOUT = 1_000_000, 60_000
CHATS, HELDOUT_CHATS = 14000, 700
PAIRS, HELDOUT_PAIRS = 3000, 300
SEEN_SHARE = 0.1      # of a held-out text's sentences may stand in the training part


class Writer:
    """Writes below a folder: UTF-8, line ends of \\n on every system."""

    def __init__(self, out):
        self.out = out

    def text(self, name, text):
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))

    def lines(self, name, items):
        self.text(name, "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))

    def texts(self, name, texts):
        self.lines(name, [{"text": text} for text in texts])

    def json(self, name, value):
        self.text(name, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_corpora(write, seed, world, known):
    """Returns the English texts: train and held out."""
    train = corpus.make(corpus.Corpus(seed, "train", world, known), TRAIN)
    heldout = corpus.make(corpus.Corpus(seed, "heldout", world, known), HELDOUT, newer_than(train))
    write.texts("corpus/train.jsonl", train)
    write.texts("corpus/heldout.jsonl", heldout)
    russians = russian.World(seed)
    russian_train = corpus.make(russian.Corpus(seed, "train", russians), RUSSIAN_TRAIN)
    write.texts("corpus_ru/train.jsonl", russian_train)
    write.texts("corpus_ru/heldout.jsonl", corpus.make(russian.Corpus(seed, "heldout", russians), RUSSIAN_HELDOUT,
                                                       newer_than(russian_train)))
    return train, heldout


def newer_than(train):
    """Whether a text is not in `train`, and few of its sentences are."""
    texts, known = set(train), {sentence for text in train for sentence in leak.sentences(text)}

    def is_new(text):
        parts = leak.sentences(text)
        return text not in texts and sum(part in known for part in parts) <= SEEN_SHARE * len(parts)
    return is_new


def write_tasks(write, seed, world, known):
    """Chats and pairs."""
    chats, pairs = set(), set()
    write.lines("instructions/questions.jsonl", instructions.questions(seed, known))
    for part, count, pair_count in (("train", CHATS, PAIRS), ("heldout", HELDOUT_CHATS, HELDOUT_PAIRS)):
        write.lines(f"instructions/{part}.jsonl", instructions.make(seed, part, world, known, count, chats))
        write.lines(f"preferences/{part}.jsonl", preferences.make(seed, part, world, known, pair_count, pairs))


def write_exam(write, seed, known):
    """Returns the rows of the test part."""
    for part in exam.PARTS:
        subjects = exam.make(seed, part, known)
        for subject, rows in subjects.items():
            write.text(f"exam/{part}/{subject}_{part}.csv", exam.as_csv(rows))
    return subjects


def write_facts(write, known):
    write.json("facts.json", [{"entity": str(fact.entity), "attribute": fact.attribute.name,
                               "subject": fact.attribute.subject, "value": fact.value, "split": fact.split,
                               "used": ["corpus/train.jsonl"] + fact.used}
                              for fact in known.all])


README = """# A small made-up world

Made by `scripts/make_world.py --seed {seed}`, version {version}. Everything in it is invented; it is in the public domain (CC0 1.0:
https://creativecommons.org/publicdomain/zero/1.0/). The same seed gives the same bytes.

| file | what it is |
|---|---|
| `corpus/train.jsonl` | English texts about the world, one `{{"text": ...}}` a line: stories, notes, talks, registers, indexes, letters, diaries, riddles, recipes, weather, markets, timetables, calendars, sums, causes, family trees, logic |
| `corpus/heldout.jsonl` | the same kinds; no text of it is in the training part, and of the sentences of each text at most a tenth |
| `corpus_ru/train.jsonl`, `corpus_ru/heldout.jsonl` | the same in Russian, about people and towns of their own |
| `instructions/train.jsonl`, `instructions/heldout.jsonl` | chats, `{{"messages": [...], "kind": ...}}`; kinds: answer, explain, command, correct, code, reason, format |
| `instructions/questions.jsonl` | the same for training: every fact that may be told asked for in each wording, with a short answer |
| `preferences/train.jsonl`, `preferences/heldout.jsonl` | `{{"prompt", "chosen", "rejected", "kind"}}` as lists of messages; `style`: the rejected answer is rude, long-winded, broken or in the wrong form; `truth`: it states a wrong fact |
| `exam/dev`, `exam/val`, `exam/test` | 12 subjects in MMLU's layout: question, A, B, C, D, letter; no header |
| `facts.json` | every fact: entity, attribute, value, its split and the files that use it |
| `leaked/train.jsonl` | the training texts with questions of the exam's test (with their answers) and sentences of the held-out text planted in them |
| `leaked/planted.json` | what was planted: item, its original text, the text planted, the line, and whether verbatim or changed |

Facts are pairs of an entity and an attribute. Those with the split `test` (asked in `exam/test`) or `heldout` (asked in the held-out
instructions and preferences) are told by the corpus alone, each in several wordings; no training instruction or preference tells them.
Calendar of the world: eight months of 42 days, so every month begins on a Monday.
"""


def write_world(write, seed):
    world = society.World(seed)
    known = facts.Facts(world, seed)
    train, heldout = write_corpora(write, seed, world, known)
    write_tasks(write, seed, world, known)
    test = write_exam(write, seed, known)
    leaked, planted = leak.make(seed, train, test, heldout)
    write.texts("leaked/train.jsonl", leaked)
    write.json("leaked/planted.json", planted)
    write_facts(write, known)
    write.text("README.md", README.format(seed=seed, version=VERSION))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="data/world", help="folder to write to (default data/world)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another world (default 1)")
    args = parser.parse_args()
    try:
        write_world(Writer(Path(args.out)), args.seed)
    except OSError as error:
        parser.error(f"--out {args.out}: cannot write {error.filename} ({error.strerror}); give a folder that can be "
                     "written")


if __name__ == "__main__":
    main()
