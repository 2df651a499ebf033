#!/usr/bin/env python3
"""What `slovo tokenizer train` learns and costs, against Hugging Face `tokenizers` and SentencePiece.

bpe        8,192 tokens from the shared pretraining texts (every .txt, .raw and .jsonl.gz in the order of paths): the merges
           and the vocabulary are HF's, for both patterns, for one thread and two, and within --max-memory
kinds      wordpiece has HF's vocabulary; of unigram's pieces at least 99 % are SentencePiece's (0.2.3), and they are as likely
           on the text. Every saved tokenizer.json, opened by HF, gives slovo's ids on a text
speed      50 MB of those texts repeated and mixed, one thread and two, alternating: at least twice HF's speed and at most
           its memory (the peak of the process less what it held before training)

Needs an interpreter with tokenizers and sentencepiece. Prints a line a check; ends with 1 when one fails.
"""
import argparse
import gzip
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
from common import SHARED, SLOVO, alternate, processor  # noqa: E402
from make_fixtures_tokenizer import merges_of, train, word_piece_vocabulary  # noqa: E402

VOCAB_SIZE = 8192
OTHER_TOKENS = 259  # of a unigram vocabulary: <pad>, </s>, <unk> and the bytes
failed = False


def check(name, passed, what):
    global failed
    failed |= not passed
    print(f"{'ok' if passed else 'FAILED':<7}{name}: {what}", flush=True)


def corpus_files(folder):
    names = (".txt", ".raw", ".jsonl.gz")
    files = [path for path in folder.rglob("*") if path.name.endswith(names) and "README" not in path.name]
    return sorted(path for path in files if "non_utf8_sample" not in path.parts)


def documents(path):
    """As slovo reads them: a byte order mark at a file's start is dropped."""
    if path.name.endswith(".gz"):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
            return [json.loads(line)["text"] for line in lines]
    return [path.read_bytes().decode("utf-8-sig")]


def slovo_train(out, data, *options):
    words = [SLOVO, "tokenizer", "train", "--out", out, "--json", "--log-level", "error", *options, "--data", *data]
    run = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, words[:10]))} ...\n{run.stderr}")
    return json.loads(run.stdout)


def slovo_ids(folder, text):
    run = subprocess.run([str(SLOVO), "tokenizer", "encode", "--tokenizer", str(folder), "--whole", "--json", "-"],
                         input=text.encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)["ids"]


def read_vocabulary(folder):
    return json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]


def check_ids(folder, name, text):
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = slovo_ids(folder, text)
    check(name, ids == tokenizer.encode(text).ids, f"HF opens it and gives the same {len(ids):,} ids on {len(text.encode()):,} bytes")


def check_bpe(folder, files, texts, sample):
    for pattern in ("gpt2", "gpt4"):
        expected = train(texts, pattern, VOCAB_SIZE)
        for threads, limit in ((1, None), (2, None), (2, "80M")):
            out = folder / f"bpe-{pattern}-{threads}-{limit}"
            options = ["--tokenizer.pattern", pattern, "--tokenizer.vocab_size", VOCAB_SIZE, "--threads", threads]
            result = slovo_train(out, files, *options, *(["--max-memory", limit] if limit else []))
            model = json.loads((out / "tokenizer.json").read_text())["model"]
            same = model["merges"] == merges_of(expected) and model["vocab"] == expected.get_vocab(False)
            check(f"bpe {pattern}, {threads} thread{'s' * (threads > 1)}{', --max-memory ' + limit if limit else ''}", same,
                  f"{len(model['merges']):,} merges and {len(model['vocab']):,} tokens are HF's from {result['text_bytes']:,} "
                  f"bytes, {result['seconds']:.2f} s, {result['memory'] / 2**20:.0f} MiB")
        check_ids(out, f"bpe {pattern}", sample)


def check_word_piece(folder, files, texts, sample):
    for lowercase in (True, False):
        out = folder / f"wordpiece-{lowercase}"
        slovo_train(out, files, "--tokenizer.kind", "wordpiece", f"--tokenizer.lowercase={str(lowercase).lower()}",
                    "--tokenizer.vocab_size", VOCAB_SIZE)
        ours, theirs = set(read_vocabulary(out)), set(word_piece_vocabulary(texts, VOCAB_SIZE, lowercase))
        # HF numbers its "##" characters at random and takes equally frequent pairs in that order.
        check(f"wordpiece, lowercase {lowercase}", len(ours) == VOCAB_SIZE and len(ours - theirs) <= 4,
              f"{len(ours & theirs):,} of {VOCAB_SIZE:,} tokens are HF's (equal counts: {sorted(ours ^ theirs)})")
        check_ids(out, "wordpiece", sample)


def sentencepiece_pieces(texts):
    """With the special tokens and bytes of slovo's vocabulary, which stand first."""
    import sentencepiece
    model = io.BytesIO()
    lines = (line for text in texts for line in text.splitlines() if line)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=model, model_type="unigram", vocab_size=VOCAB_SIZE, byte_fallback=True,
        normalization_rule_name="nmt_nfkc", max_sentence_length=1 << 24, num_threads=1, minloglevel=2, pad_id=0, eos_id=1,
        unk_id=2, bos_id=-1)
    processor_ = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return {processor_.id_to_piece(i): processor_.get_score(i) for i in range(OTHER_TOKENS, VOCAB_SIZE)}


def likelihood(pieces, lines):
    """Of the best segmentations of lines, a character, by HF's Unigram model over the same words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, Regex
    lowest = min(pieces.values())
    vocab = [("<unk>", 0.0)] + list(pieces.items())
    tokenizer = Tokenizer(models.Unigram(vocab, 0, False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    total, tokens, characters = 0.0, 0, 0
    for encoding in tokenizer.encode_batch(lines):
        total += sum(pieces.get(token, lowest - 10) for token in encoding.tokens)
        tokens += len(encoding.tokens)
    characters = sum(map(len, lines))
    return total / characters, characters / tokens


def check_unigram(folder, files, texts, sample):
    out = folder / "unigram"
    result = slovo_train(out, files, "--tokenizer.kind", "unigram", "--tokenizer.vocab_size", VOCAB_SIZE)
    other = folder / "unigram-2"
    slovo_train(other, files, "--tokenizer.kind", "unigram", "--tokenizer.vocab_size", VOCAB_SIZE, "--threads", 2,
                "--max-memory", "400M")
    same = (out / "tokenizer.json").read_bytes() == (other / "tokenizer.json").read_bytes()
    check("unigram", same, "the same file with two threads and --max-memory 400M")
    ours, theirs = dict(read_vocabulary(out)[OTHER_TOKENS:]), sentencepiece_pieces(texts)
    lines = [line for text in texts for line in text.splitlines() if line.strip()][::20]
    (our_likelihood, our_length), (their_likelihood, their_length) = likelihood(ours, lines), likelihood(theirs, lines)
    shared = len(ours.keys() & theirs.keys()) / len(ours)
    check("unigram", abs(our_likelihood - their_likelihood) <= 0.001 and shared >= 0.99,
          f"{len(ours):,} pieces, {shared:.1%} of them SentencePiece's; log-likelihood a character {our_likelihood:.4f} against "
          f"{their_likelihood:.4f}, characters a token {our_length:.3f} against {their_length:.3f}; {result['seconds']:.1f} s")
    check_ids(out, "unigram", sample)


def write_mixed(path, texts, size):
    """Texts in pieces of some lines, mixed, until there are `size` bytes."""
    source = random.Random(1)
    pieces = []
    for text in texts:
        lines = text.splitlines(keepends=True)
        pieces += ["".join(lines[i:i + 200]) for i in range(0, len(lines), 200)]
    with open(path, "wb") as out:
        while out.tell() < size:
            source.shuffle(pieces)
            for piece in pieces:
                if out.tell() >= size:
                    break
                out.write(piece.encode())


HF_SIDE = """
import json, sys, time
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
def memory(field):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(field))
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
trainer = trainers.BpeTrainer(vocab_size=int(sys.argv[2]), special_tokens=["<|endoftext|>"], show_progress=False,
                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
before, start = memory("VmRSS:"), time.perf_counter()
tokenizer.train([sys.argv[1]], trainer)
print(json.dumps({"seconds": time.perf_counter() - start, "memory": memory("VmHWM:") - before}))
"""


def hf_side(file, threads):
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "true"}
    run = subprocess.run([sys.executable, "-c", HF_SIDE, str(file), str(VOCAB_SIZE)], env=environment, check=True,
                         capture_output=True, text=True)
    return json.loads(run.stdout)


def check_speed(folder, texts, rounds):
    file = folder / "mixed.txt"
    write_mixed(file, texts, 50_000_000)
    for threads in (1, 2):
        def ours():
            return slovo_train(folder / "speed", [file], "--tokenizer.pattern", "gpt2", "--tokenizer.vocab_size", VOCAB_SIZE,
                               "--threads", threads)
        figures, load = alternate({"slovo": ours, "hf": lambda: hf_side(file, threads)}, rounds)
        ratios = [h["seconds"] / s["seconds"] for s, h in zip(figures["slovo"], figures["hf"])]
        memory = {side: max(row["memory"] for row in rows) / 2**20 for side, rows in figures.items()}
        seconds = {side: statistics.median(row["seconds"] for row in rows) for side, rows in figures.items()}
        check(f"50 MB, {threads} thread{'s' * (threads > 1)}", statistics.median(ratios) >= 2 and memory["slovo"] <= memory["hf"],
              f"{statistics.median(ratios):.2f}x HF's speed ({min(ratios):.2f} to {max(ratios):.2f}; slovo {seconds['slovo']:.2f} s, "
              f"HF {seconds['hf']:.2f} s), memory {memory['slovo']:.0f} against {memory['hf']:.0f} MiB; others used {load:.2f} cores")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["bpe", "kinds", "speed", "all"], default="all")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    files = corpus_files(SHARED / "data/pretrain")
    texts = [text for path in files for text in documents(path)]
    print(f"{processor()}; {len(files)} files, {sum(len(text.encode()) for text in texts):,} bytes of text")
    sample = "".join(text[:20000] for text in texts[::12])[:400000] + "\t naïve ＡＢＣ ½ 日本語のテキスト 🙂👨‍👩‍👧 <0x41>\r\n  end "
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.part in ("bpe", "all"):
            check_bpe(folder, files, texts, sample)
        if args.part in ("kinds", "all"):
            check_word_piece(folder, files, texts, sample)
            check_unigram(folder, files, texts, sample)
        if args.part in ("speed", "all"):
            check_speed(folder, texts, args.rounds)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
