#!/usr/bin/env python3
"""Encodes mixed text and fuzzed strings with slovo and with the reference libraries: every id must be the same.

    PYTHON scripts/acceptance/tokenizer_parity.py [--slovo build/release/slovo] [--strings 1000000] [--only llama2 ...]

For each tokenizer of the shared data: 10 MB of English, Russian, code, emoji, digits and runs of white space as one text, on
one thread and two; a million strings of seeded fuzz (each a text of its own, between two special tokens); the text of the ids
of byte-level tokenizers, byte for byte; ids at random, which hold broken characters; malformed UTF-8. The reference is
tiktoken, Hugging Face `tokenizers` or SentencePiece, whichever the vocabulary came with. Of o200k and Qwen2, whose ranks are
not in the shared data, the cutting of words alone is compared. What `slovo` writes as tokenizer.json
(with a model trained for one step) is opened in `tokenizers` and must give the ids of the mixed text too.
PYTHON needs tokenizers, tiktoken, sentencepiece and numpy.
"""
import argparse
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import sentencepiece
import tiktoken
import tokenizers
from tiktoken.load import data_gym_to_mergeable_bpe_ranks, load_tiktoken_bpe
from tiktoken_ext import openai_public

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SLOVO_SHARED", ROOT.parent / "shared"))
DATA = SHARED / "data"
sys.path.insert(0, str(ROOT / "scripts/bench"))
from tokenizer_files import GPT4_PATTERN, write_tokenizer  # noqa: E402

# Of vocabularies that the shared data does not hold: their words are cut, and joined by r50k's ranks.
PATTERNS = {
    "o200k-words": "|".join([
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"]),
    "qwen2-words": GPT4_PATTERN.replace("{1,3}", ""),
}
TEXT_BYTES = 10_000_000
BATCH = 50_000

SPACES = [" ", "  ", "    ", "        ", "\t", "\n", "\n\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1f", "\x85", "\xa0", "\u1680", "\u180e",
          "\u2003", "\u2009", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\ufeff"]
EMOJI = ["🙂", "😀😀", "👨‍👩‍👧", "🏳️‍🌈", "👍🏽", "🇷🇺", "❤️", "✨", "🫠", "①", "☺"]
DIGITS = ["0", "7", "42", "1999", "1,234,567.89", "3.14159265358979", "0x1F", "²³", "½", "Ⅳ", "٣٤٥", "१२३", "12345678901234567890"]
WORDS = ["the", " The", "DON'T", "it's", "we'll", "I'M", "they'Ve", "'ſ", "K'd", "o'clock", "d'Artagnan", "naïve", "e\u0301", "Å", "ﬁ", "ß", "İ",
         "сказка", " Ёлка", "й", "日本語", "中文。", "한국어", "가", "नमस्ते", "ไทย", "العربية", "עברית", "ελληνικά", "Ǆ", "ʰ", "ª", "_", "__init__",
         "snake_case", "CamelCase", "x+=1;", "->", "::", "/*", "*/", "//", "&&", "</div>", "{\n    ", "==", "...", "?!", "—", "«", "»", "▁", "▁▁",
         "Ġ", "##", "[", "]", "<", ">", "<|", "|>", "\\n", "%s", "@", "#", "$", "\x00", "\x01", "\x7f", "\u00ad", "\ufffd", "\U0001f600"]


def blocks():
    """Ranges of code points, all of Unicode but the surrogates."""
    ranges = [(0x20, 0x7e), (0x80, 0x24f), (0x250, 0x3ff), (0x400, 0x52f), (0x530, 0x7ff), (0x800, 0xfff), (0x1000, 0x1fff),
              (0x2000, 0x2bff), (0x2c00, 0x33ff), (0x3400, 0xa4cf), (0xa4d0, 0xd7ff), (0xe000, 0xffff), (0x10000, 0x1ffff),
              (0x20000, 0x10ffff)]
    return [range(first, last + 1) for first, last in ranges]


BLOCKS = blocks()
# Names of special tokens: text for SentencePiece, and for tiktoken unless it is told otherwise. They stand between texts only.
SPECIAL = re.compile(r"<\|\w+\|>|</?s>|<unk>|\[(?:SEP|CLS|PAD|UNK|MASK)\]")


def files(folder, pattern):
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob(pattern)) if path.name != "README.md")


def generated(rng, size):
    """Words, digits, emoji and white space in runs, as far as `size` characters."""
    out, length = [], 0
    while length < size:
        kind = rng.choice((SPACES, EMOJI, DIGITS, WORDS, WORDS))
        piece = rng.choice(kind) * (rng.choice((1, 1, 1, 2, 5, 40)))
        out.append(piece)
        length += len(piece)
    return "".join(out)


def mixed_text():
    """10 MB: a stretch of each kind of text in turn, of random length, so that the kinds meet in many ways."""
    rng = random.Random(1)
    with gzip.open(DATA / "pretrain/english_novels/novels.jsonl.gz", "rt") as lines:
        english = "\n".join(json.loads(line)["text"] for line in lines)
    code = files(ROOT / "src", "*.cpp") + files(ROOT / "scripts", "*.py") + files(DATA / "eval/humaneval", "*.jsonl")
    sources = [english, files(DATA / "pretrain/russian_literature", "*.txt"), code, generated(rng, 1_000_000)]
    out, size = [], 0
    while size < TEXT_BYTES:
        source = rng.choice(sources)
        begin = rng.randrange(len(source))
        out.append(source[begin:begin + rng.choice((10, 200, 5_000, 50_000))])
        size += len(out[-1].encode())
    return SPECIAL.sub("", "".join(out))


def fuzzed(rng, text):
    kind = rng.randrange(4)
    if kind == 0:  # single characters of a block or two
        chosen = [rng.choice(BLOCKS) for _ in range(2)]
        return "".join(chr(rng.choice(rng.choice(chosen))) for _ in range(rng.randrange(1, 24)))
    if kind == 1:  # a piece of real text
        begin = rng.randrange(len(text))
        return text[begin:begin + rng.randrange(1, 60)]
    if kind == 2:  # a piece of real text with something in its middle
        begin = rng.randrange(len(text))
        piece = text[begin:begin + rng.randrange(1, 40)]
        cut = rng.randrange(len(piece) + 1)
        return piece[:cut] + rng.choice(rng.choice((SPACES, EMOJI, DIGITS, WORDS))) + piece[cut + rng.randrange(3):]
    return "".join(rng.choice(rng.choice((SPACES, EMOJI, DIGITS, WORDS))) for _ in range(rng.randrange(1, 12)))


class Tiktoken:
    bytes_back = True

    def __init__(self, path, pattern, ranks, separator, separator_id):
        self.path, self.separator, self.separator_id = path, separator, separator_id
        self.library = tiktoken.Encoding("reference", pat_str=pattern, mergeable_ranks=ranks, special_tokens={separator: separator_id})

    def encode(self, strings):
        return self.library.encode_ordinary_batch(strings, num_threads=1)

    def decode_bytes(self, ids):
        return self.library.decode_bytes(ids)


class HuggingFace:
    def __init__(self, path, library, separator, bytes_back):
        self.path, self.library, self.separator, self.bytes_back = path, library, separator, bytes_back
        self.separator_id = library.token_to_id(separator)

    def encode(self, strings):
        return [encoding.ids for encoding in self.library.encode_batch(strings, add_special_tokens=False)]


class SentencePiece:
    bytes_back = False

    def __init__(self, path, separator):
        self.path, self.separator = path, separator
        self.library = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.separator_id = self.library.piece_to_id(separator)

    def encode(self, strings):
        return self.library.encode(strings, num_threads=1)


def made_of_pattern(pattern, folder):
    """r50k's ranks with another pattern, as tokenizer.json."""
    end, end_id = "<|endoftext|>", 50256
    file = DATA / "tokenizers/tiktoken/r50k_base.tiktoken"
    write_tokenizer(folder, file, pattern)
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["added_tokens"] = [{"id": end_id, "content": end, "special": True, "normalized": False, "single_word": False,
                                "lstrip": False, "rstrip": False}]
    path.write_text(json.dumps(content))
    return Tiktoken(path, pattern, load_tiktoken_bpe(str(file)), end, end_id)


def reference(name, work):
    folder = DATA / "tokenizers"
    end = "<|endoftext|>"
    if name == "gpt2":
        library = tokenizers.ByteLevelBPETokenizer(str(folder / "gpt2/encoder.json"), str(folder / "gpt2/vocab.bpe"))
        library.add_special_tokens([end])
        return HuggingFace(folder / "gpt2", library, end, True)
    if name in ("r50k", "cl100k"):
        path = folder / f"tiktoken/{name}_base.tiktoken"
        ranks = load_tiktoken_bpe(str(path))
        openai_public.load_tiktoken_bpe = lambda *_, **__: ranks
        spec = getattr(openai_public, f"{name}_base")()
        return Tiktoken(path, spec["pat_str"], ranks, end, spec["special_tokens"][end])
    if name in PATTERNS:
        return made_of_pattern(PATTERNS[name], work / name)
    if name == "llama3":
        path = folder / "llama3/tokenizer.model"
        return Tiktoken(path, GPT4_PATTERN, load_tiktoken_bpe(str(path)), "<|end_of_text|>", 128001)
    if name == "gpt-neox-olmo":
        path = folder / "gpt-neox-olmo/tokenizer.json"
        # Its normalizer (NFC) may change a text, so its bytes need not come back.
        return HuggingFace(path, tokenizers.Tokenizer.from_file(str(path)), end, False)
    if name == "bert":
        path = folder / "bert-base-uncased/vocab.txt"
        return HuggingFace(path, tokenizers.BertWordPieceTokenizer(str(path)), "[SEP]", False)
    return SentencePiece(folder / "llama2/tokenizer.model", "</s>")


NAMES = ["gpt2", "r50k", "cl100k", "gpt-neox-olmo", "llama2", "llama3", "bert", *PATTERNS]


class Trial:
    def __init__(self, name, args, work):
        self.name, self.args, self.work = name, args, work
        self.peer = reference(name, work)

    def slovo(self, *arguments, status=0):
        done = subprocess.run([str(self.args.slovo), *map(str, arguments)], capture_output=True, check=False)
        if done.returncode != status:
            raise SystemExit(f"{self.name}: slovo ended with {done.returncode}: {done.stderr.decode()}")
        return done

    def slovo_ids(self, text, threads=1, tokenizer=None):
        file = self.work / "text"
        file.write_bytes(text.encode())
        done = self.slovo("tokenizer", "encode", "--tokenizer", tokenizer or self.peer.path, "--whole", "--no-special", "--threads",
                          threads, file)
        return np.array(done.stdout.split(), dtype=np.int64)

    def slovo_text(self, ids):
        file = self.work / "ids"
        file.write_text(" ".join(map(str, ids)))
        return self.slovo("tokenizer", "decode", "--tokenizer", self.peer.path, "--whole", file).stdout

    def report(self, what, texts, ours, theirs):
        """The first text whose ids differ, or nothing."""
        for text, a, b in zip(texts, ours, theirs):
            if list(a) != list(b):
                raise SystemExit(f"{self.name}: {what}: {text!r}\n  slovo     {list(a)}\n  reference {list(b)}")
        raise SystemExit(f"{self.name}: {what}: the ids differ between the texts")

    def check_mixed(self, text):
        one, two = self.slovo_ids(text), self.slovo_ids(text, 2)
        if not np.array_equal(one, two):
            raise SystemExit(f"{self.name}: one thread and two give other ids")
        theirs = np.array(self.peer.encode([text])[0], dtype=np.int64)
        if not np.array_equal(one, theirs):
            self.report_mixed(text, one, theirs)
        if self.peer.bytes_back and self.slovo_text(one) != text.encode():
            raise SystemExit(f"{self.name}: the text of the ids is not the text")
        return len(one)

    def report_mixed(self, text, ours, theirs):
        shared = min(len(ours), len(theirs))
        unequal = np.flatnonzero(ours[:shared] != theirs[:shared])
        at = int(unequal[0]) if len(unequal) else shared
        raise SystemExit(f"{self.name}: mixed text of {len(text)} characters: {len(ours)} ids, {len(theirs)} by the reference; from "
                         f"number {at}: {ours[at:at + 8]} {theirs[at:at + 8]}; before it {self.slovo_text(ours[max(0, at - 8):at])!r}")

    def strings(self, batch, text):
        rng = random.Random(f"{self.args.seed} {batch}")
        texts = [fuzzed(rng, text) for _ in range(min(BATCH, self.args.strings - batch * BATCH))]
        return [one for one in texts if not SPECIAL.search(one)]

    def check_fuzz(self, text):
        total = 0
        for batch in range(-(-self.args.strings // BATCH)):
            texts = self.strings(batch, text)
            joined = self.peer.separator.join(texts)
            ids = self.slovo_ids(joined)
            ours = np.split(ids, np.flatnonzero(ids == self.peer.separator_id))
            ours = [part[i > 0:] for i, part in enumerate(ours)]  # each but the first begins with the separator
            theirs = self.peer.encode(texts)
            if len(ours) != len(texts) or any(len(a) != len(b) or not np.array_equal(a, b) for a, b in zip(ours, theirs)):
                self.report("fuzz", texts, ours, theirs)
            if self.peer.bytes_back and self.slovo_text(ids) != joined.encode():
                raise SystemExit(f"{self.name}: fuzz: the text of the ids is not the text")
            total += len(texts)
        return total

    def check_random_ids(self):
        """Broken characters become U+FFFD as Unicode recommends, and as Python does."""
        if not isinstance(self.peer, Tiktoken):
            return
        rng = random.Random(self.args.seed)
        ids = [rng.choice((rng.randrange(256), rng.randrange(50_000))) for _ in range(100_000)]
        if self.slovo_text(ids) != self.peer.decode_bytes(ids).decode(errors="replace").encode():
            raise SystemExit(f"{self.name}: the text of random ids differs")

    def check_malformed(self):
        file = self.work / "malformed"
        file.write_bytes(b"good\nb\xc3\xa9d \xff\xfe\n")
        error = self.slovo("tokenizer", "encode", "--tokenizer", self.peer.path, file, status=2).stderr.decode()
        if f"{file}:2: not UTF-8" not in error or error.count("\n") != 1:
            raise SystemExit(f"{self.name}: malformed UTF-8: {error}")

    def check_written(self, text):
        """tokenizer.json as slovo writes it, in `tokenizers`."""
        data, run = self.work / "data.txt", self.work / "run"
        data.write_text("a few words to learn from, again and again. " * 200)
        self.slovo("pretrain", "--tokenizer", self.peer.path, "--data", data, "--out", run, "--model.hidden_size", 8,
                   "--model.intermediate_size", 16, "--model.num_attention_heads", 1, "--model.num_key_value_heads", 1,
                   "--model.num_hidden_layers", 1, "--data.seq_len", 16, "--train.steps", 1, "--train.batch_size", 1, "--threads", 1,
                   "--log-level", "warn")
        library = tokenizers.Tokenizer.from_file(str(run / "model/tokenizer.json"))
        theirs = np.array(library.encode(text, add_special_tokens=False).ids, dtype=np.int64)
        ours = self.slovo_ids(text, tokenizer=run / "model")
        if not np.array_equal(ours, theirs):
            self.report_mixed(text, ours, theirs)

    def run(self, text):
        start = time.time()
        row = {"tokenizer": self.name, "reference": type(self.peer).__name__, "mixed_bytes": len(text.encode())}
        row["mixed_ids"] = self.check_mixed(text)
        self.check_random_ids()
        self.check_malformed()
        if not self.args.no_written:
            self.check_written(text[:1_000_000])
        row["strings"] = self.check_fuzz(text)
        print(json.dumps({**row, "seconds": round(time.time() - start)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slovo", type=Path, default=ROOT / "build/release/slovo")
    parser.add_argument("--strings", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--no-written", action="store_true", help="leave out what needs training (pretrain for one step)")
    args = parser.parse_args()
    text = mixed_text()
    for name in args.only:
        with tempfile.TemporaryDirectory() as work:
            Trial(name, args, Path(work)).run(text)
    print("every id is the same")


if __name__ == "__main__":
    sys.exit(main())
