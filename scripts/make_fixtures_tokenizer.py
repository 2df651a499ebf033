#!/usr/bin/env python3
"""Writes tests/fixtures/bpe_training.json and tokenizer_forms.json: what Hugging Face `tokenizers` does.

The first holds the merges that its BpeTrainer learns from a small text of our own, the second a set of
small tokenizers in the forms that tokenizer.json has, each with texts, ids and decoded texts.

With --check it compares instead: `slovo tokenizer train` and `encode` against HF on given text files.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parent.parent
GPT4 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SEPARATOR = "<|endoftext|>"

TEXT = """The river ran past the mill, and the miller's daughter ran along the river. "Don't run," said the miller,
"you'll fall!" She didn't fall; she'd run there every day since 1987, 365 days a year, 24 hours a day it seemed.

В лесу родилась сказка, в лесу она росла: зимой и летом сказка там сказочной была. Мельник мелет муку,
мельница мелет миллионы зёрен, а мельничиха говорит: "Не мели попусту!"

    for i in range(100):
        total += values[i] * weights[i]  # sum of products
        if total > 1000000: break

aaaa aaaaa aaaaaaa ababab abababab bababa 日本語のテキスト、日本語の文。 🙂🙂🙂 naïve café\tCAFÉ'S IT'LL  two  spaces   three

"""

TEXTS = [
    "", " ", "  ", "a", "Hello world", " Hello  world ", "The miller's DON'T", "line\nline\r\n\r\n  end\n", "\t\ttabs",
    "В лесу родилась сказка", "日本語 テキスト", "🙂👨‍👩‍👧", "1234567 12 3.14", "a\u00a0b\u2003c\u180ed\u0085e", "'ſ I'Ll",
    "<s> hi </s>", "x <mask> y", "x<mask>y", "<word>", "a<word>b", "a <word> b", "<|endoftext|>tail", "e\u0301 \ufb01", "▁x▁▁y",
    "<0x41>", "zzz qqq zzqqzz", "abab<s>abab <s> abab", "\x00\x01", "CAFÉ Cafe\u0301", "a-b_c...!?",
]


def byte_level(pattern):
    last = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern == "gpt2")
    if pattern == "gpt2":
        return last
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(GPT4), "isolated"), last])


def train(texts, pattern, vocab_size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level(pattern)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=[SEPARATOR], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def merges_of(tokenizer):
    return json.loads(tokenizer.to_str())["model"]["merges"]


def training_fixture():
    cases = []
    for pattern, vocab_size in (("gpt2", 400), ("gpt4", 400), ("gpt4", 300)):
        cases.append({"pattern": pattern, "vocab_size": vocab_size,
                      "merges": merges_of(train([TEXT], pattern, vocab_size))})
    return {"text": TEXT, "cases": cases}


def sentencepiece_like(**options):
    """A character-level BPE on words marked by U+2581, with byte fallback or an unknown token."""
    words = TEXT.replace(" ", "▁")
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2}
    if options.get("byte_fallback"):
        vocab.update({f"<0x{b:02X}>": 3 + b for b in range(256)})
    for c in sorted(set(words + "H") - set("q🙂\n")):
        vocab.setdefault(c, len(vocab))
    merges = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("e", "r"), ("i", "n"), ("▁", "▁"), ("▁▁", "▁▁"), ("a", "b"),
              ("ab", "ab"), ("▁", "a"), ("l", "l"), ("o", "r"), ("▁", "w"), ("▁w", "or"), ("H", "e"), ("ll", "o")]
    for left, right in merges:
        vocab.setdefault(left + right, len(vocab))
    return models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", **options)


def forms():
    def special(tokenizer, names=("<unk>", "<s>", "</s>")):
        tokenizer.add_special_tokens(list(names))
        return tokenizer

    llama = special(Tokenizer(sentencepiece_like(fuse_unk=True, byte_fallback=True)))
    llama.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    llama.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                       decoders.Strip(" ", 1, 0)])
    llama.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    yield "llama", llama

    for scheme in ("always", "first", "never"):
        for split in (True, False):
            metaspace = special(Tokenizer(sentencepiece_like(fuse_unk=split)))
            metaspace.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
            metaspace.decoder = decoders.Metaspace(prepend_scheme=scheme, split=split)
            yield f"metaspace {scheme} {split}", metaspace

    no_decoder = Tokenizer(sentencepiece_like())
    no_decoder.normalizer = normalizers.NFKC()
    yield "no decoder", no_decoder

    behaviors = ("isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous")
    for behavior in behaviors:
        for invert in (False, True):
            split = train([TEXT], "gpt2", 320)
            split.pre_tokenizer = pre_tokenizers.Sequence([
                pre_tokenizers.Split(Regex(r"\s|\p{P}"), behavior, invert),
                pre_tokenizers.ByteLevel(add_prefix_space=behavior == "removed", use_regex=False)])
            yield f"split {behavior} {invert}", split
    literal = train([TEXT], "gpt2", 320)
    literal.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split("a", "merged_with_previous"), pre_tokenizers.ByteLevel(add_prefix_space=True)])
    literal.normalizer = normalizers.Sequence([normalizers.NFD(), normalizers.Replace(Regex(r"\p{Mn}+"), "")])
    yield "split literal", literal

    added = train([TEXT], "gpt4", 320)
    added.normalizer = normalizers.NFC()
    added.add_special_tokens([AddedToken("<mask>", lstrip=True, rstrip=True, special=True), "</s>"])
    added.add_tokens([AddedToken("<word>", single_word=True), AddedToken("Cafe\u0301"), AddedToken("  "),
                      AddedToken("abab", normalized=False), AddedToken("ab", normalized=False)])
    added.post_processor = processors.Sequence([
        processors.ByteLevel(), processors.TemplateProcessing(single=f"{SEPARATOR} $A", special_tokens=[(SEPARATOR, 0)])])
    yield "added tokens", added

    whole = train([TEXT], "gpt4", 340)
    whole.model.ignore_merges = True
    yield "ignore merges", whole


def forms_fixture():
    out = []
    for name, tokenizer in forms():
        rows = []
        for text in TEXTS:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            rows.append({"text": text, "ids": ids, "with_specials": tokenizer.encode(text).ids,
                         "decoded": tokenizer.decode(ids), "decoded_all": tokenizer.decode(ids, skip_special_tokens=False)})
        out.append({"name": name, "tokenizer": json.loads(tokenizer.to_str()), "texts": rows})
    return out


def check(slovo, paths, vocab_size):
    """Trains with both and compares merges; then encodes each file with both."""
    texts = [pathlib.Path(path).read_bytes().decode("utf-8") for path in paths]
    for pattern in ("gpt2", "gpt4"):
        expected = train(texts, pattern, vocab_size)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([slovo, "tokenizer", "train", "--data", *paths, "--out", f"{folder}/tokenizer",
                            "--tokenizer.pattern", pattern, "--tokenizer.vocab_size", str(vocab_size)], check=True)
            ours = Tokenizer.from_file(f"{folder}/tokenizer/tokenizer.json")
            assert merges_of(ours) == merges_of(expected), f"{pattern}: the merges differ"
            for text in texts:
                run = subprocess.run([slovo, "tokenizer", "encode", "--tokenizer", f"{folder}/tokenizer", "--whole", "--json",
                                      "-"], input=text.encode(), stdout=subprocess.PIPE, check=True)
                assert json.loads(run.stdout)["ids"] == expected.encode(text).ids, f"{pattern}: the ids differ"
        print(f"{pattern}: {vocab_size} tokens, {len(texts)} texts: merges and ids equal")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", nargs="+", metavar="TEXT", help="text files to compare on instead of writing")
    parser.add_argument("--slovo", default=str(ROOT / "build/release/slovo"), help="the binary that --check runs")
    parser.add_argument("--vocab-size", type=int, default=4096)
    args = parser.parse_args()
    if args.check:
        check(args.slovo, args.check, args.vocab_size)
        return
    for name, content in (("bpe_training", training_fixture()), ("tokenizer_forms", forms_fixture())):
        path = ROOT / f"tests/fixtures/{name}.json"
        path.write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")
        print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
