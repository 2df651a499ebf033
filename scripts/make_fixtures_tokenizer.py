#!/usr/bin/env python3
"""Writes tests/fixtures/bpe_training.json, word_piece_training.json, unigram_training.json, tokenizer_forms.json and
tokenizer_more_forms.json: what Hugging Face `tokenizers` and SentencePiece do.

The first holds the merges that HF's BpeTrainer learns from a small text of our own, the next two the vocabularies of its
WordPieceTrainer and of SentencePiece's Unigram trainer on the same text, the others small tokenizers in the
forms that tokenizer.json has (byte-level and SentencePiece-like BPE; all others), each with texts, ids and decoded texts.
sentencepiece_models.json holds small models of SentencePiece with the ids that its library gives.

With --check it compares instead: `slovo tokenizer train` and `encode` against HF on given text files.
"""
import argparse
import base64
import io
import json
import pathlib
import random
import subprocess
import tempfile

import sentencepiece
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


def training_words():
    """Made-up words of few letters, some of them with accents or capitals, so that hardly two pairs are equally frequent."""
    source = random.Random(3)
    letters = "aabcdeeilnorsté" + "АВда"
    words = {}
    while len(words) < 400:
        word = "".join(source.choice(letters) for _ in range(source.randint(1, 7)))
        words[word.capitalize() if source.random() < 0.2 else word] = source.randint(1, 300)
    return words


def spread(words):
    """One line a word, as often as it occurs."""
    return "".join((word + " ") * count + "\n" for word, count in words.items())


def word_piece_training_fixture():
    """Vocabularies that HF learns whatever numbers it gives the "##" characters: those at which many trainings agree."""
    words, cases = training_words(), []
    for lowercase, least in ((True, 80), (False, 140)):
        for vocab_size in range(least, least + 20):
            found = {tuple(word_piece_vocabulary([spread(words)], vocab_size, lowercase)) for _ in range(20)}
            if len(found) == 1:
                cases.append({"lowercase": lowercase, "vocab_size": vocab_size, "tokens": list(found.pop())})
                break
    return {"words": words, "cases": cases}


def unigram_training_fixture():
    """The pieces that SentencePiece learns, without its special tokens."""
    model, words, size = io.BytesIO(), training_words(), 150
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(spread(words).splitlines()), model_writer=model, model_type="unigram", vocab_size=size,
        num_threads=1, minloglevel=2, unk_id=0, bos_id=-1, eos_id=-1, pad_id=-1, max_sentence_length=1 << 20)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return {"words": words, "pieces": {processor.id_to_piece(i): round(processor.get_score(i), 4) for i in range(1, size)}}


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


def word_piece_vocabulary(texts, vocab_size, lowercase):
    """What HF's WordPieceTrainer learns in BERT's form."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=vocab_size, special_tokens=names, show_progress=False))
    return sorted(tokenizer.get_vocab(False))


def wordpiece():
    """BERT's form, trained on the text: accents and case go, white space and punctuation cut."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator([TEXT], trainers.WordPieceTrainer(vocab_size=260, special_tokens=names, show_progress=False))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def unigram(byte_fallback=False, **options):
    vocab_size, specials = (200, ["<unk>", "<s>", "</s>"])
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(**options)
    tokenizer.decoder = decoders.Metaspace(**options)
    trainer = trainers.UnigramTrainer(vocab_size=vocab_size, special_tokens=specials, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    if byte_fallback:
        model = json.loads(tokenizer.to_str())["model"]
        vocab = [tuple(entry) for entry in model["vocab"]] + [(f"<0x{b:02X}>", -20.0) for b in range(256)]
        tokenizer.model = models.Unigram(vocab, model["unk_id"], True)
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                               decoders.Strip(" ", 1, 0)])
    return tokenizer


def word_level(pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.WordLevelTrainer(vocab_size=150, special_tokens=["<unk>", "<s>", "</s>"], show_progress=False)
    tokenizer.train_from_iterator([TEXT] + TEXTS, trainer)
    return tokenizer


def suffixed(**options):
    """The first GPT's form, and CLIP's: a mark at the end of a word."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", **options))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.BpeTrainer(vocab_size=250, special_tokens=["<unk>"], show_progress=False, **options)
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    return tokenizer


def charsmap(rules):
    """SentencePiece's compiled rules: a double array of the keys, which finds the offset of a replacement."""
    text, offsets = b"", {}
    for key, value in rules.items():
        offsets[key.encode()] = len(text)
        text += value.encode() + b"\0"
    tree = {}
    for key in offsets:
        node = tree
        for byte in key:
            node = node.setdefault(byte, {})
        node[None] = offsets[key]
    units, used = {0: 0}, {0}

    def place(at, node):
        labels = [0 if byte is None else byte for byte in node]
        base = next(b for b in range(1, 1 << 20) if at ^ b and all((at ^ b ^ label) not in used for label in labels))
        used.update(at ^ base ^ label for label in labels)
        units[at] = units.get(at, 0) | base << 10 | (0x100 if None in node else 0)
        for byte, child in node.items():
            to = at ^ base ^ (byte or 0)
            if byte is None:
                units[to] = 1 << 31 | child
            else:
                units[to] = byte
                place(to, child)

    place(0, tree)
    blob = b"".join(units.get(i, 0).to_bytes(4, "little") for i in range(max(units) + 256))
    return len(blob).to_bytes(4, "little") + blob + text


def more_forms():
    yield "wordpiece", wordpiece()
    cased = wordpiece()
    cased.normalizer = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    cased.decoder = decoders.WordPiece(cleanup=False)
    yield "wordpiece cased", cased
    for scheme in ("always", "first", "never"):
        yield f"unigram {scheme}", unigram(prepend_scheme=scheme)
    yield "unigram bytes", unigram(byte_fallback=True)
    whole = unigram(split=False)
    whole.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Strip(left=False),
                                             normalizers.Replace(Regex(" {2,}"), " ")])
    yield "unigram whole", whole
    rules = {"\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "e\u0301": "é", "ﬁ": "fi", "É": "E", "½": "1/2", "日": "day", "zz": "Z",
             "\u2581": " ", "👨": "man"}
    mapped = unigram()
    mapped.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap(rules)), normalizers.Strip(right=False)])
    yield "precompiled", mapped
    p = pre_tokenizers
    yield "whitespace", word_level(p.Whitespace(), normalizers.Lowercase())
    yield "whitespace split", word_level(p.WhitespaceSplit(), normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents()]))
    for behavior in ("isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"):
        yield f"punctuation {behavior}", word_level(p.Sequence([p.WhitespaceSplit(), p.Punctuation(behavior)]))
    for each in (True, False):
        yield f"digits {each}", word_level(p.Sequence([p.Whitespace(), p.Digits(individual_digits=each)]))
    yield "delimiter", word_level(p.CharDelimiterSplit("a"), normalizers.Strip())
    yield "suffix", suffixed(end_of_word_suffix="</w>")
    yield "prefix", suffixed(continuing_subword_prefix="##")


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


def tricky_texts(count, seed=5):
    """Texts of parts that tokenizers treat in ways of their own."""
    parts = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\u200d", "\ufeff", "\ufffd", "\x00", "\x7f", "\x85", "\xad",
             "the", "miller's", "DON'T", "Mill", "лес", "Сказка", "ЁЖ", "日本", "語", "한국어", "ไทย", "हिन्दी", "العربية", "🙂", "👨‍👩‍👧", "e\u0301", "É",
             "ñ", "ﬁ", "ſ", "İ", "Σς", "ß", "1", "23", "1987", "½", "Ⅷ", "٣", ".", ",", "!", "...", "-", "_", "$", "+", "«»", "—", "'s", " n't",
             "<s>", "</s>", "<unk>", "[UNK]", "[MASK]", "▁", "##ing", "</w>", "<0x0A>", "a", "b", "ab", "aaaa", "zz", "q" * 25, "\u0e33", "\u1885",
             "\U000110cd", "\U000111c9", "\ua8fc", "\u2e43", "\ufdfa", "\u1680", "\u2028"]
    source = random.Random(seed)
    return ["".join(source.choice(parts) for _ in range(source.randint(1, 12))) for _ in range(count)]


def forms_fixture(made, texts):
    """The texts once, and for each form a row a text: what is null is as the thing before it (ids with special tokens as ids,
    the decoded text as the text, that with special tokens as that without)."""
    forms_ = []
    for name, tokenizer in made:
        rows = []
        for text in texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            with_specials = tokenizer.encode(text).ids
            decoded, decoded_all = tokenizer.decode(ids), tokenizer.decode(ids, skip_special_tokens=False)
            rows.append([ids, None if with_specials == ids else with_specials, None if decoded == text else decoded,
                         None if decoded_all == decoded else decoded_all])
        forms_.append({"name": name, "tokenizer": json.loads(tokenizer.to_str()), "rows": rows})
    return {"texts": texts, "forms": forms_}


def sentencepiece_fixture(texts):
    """Small SentencePiece models, with the ids that its own library gives; unknown characters included."""
    out = []
    for name, options in (
            ("bpe bytes", {"model_type": "bpe", "vocab_size": 420, "byte_fallback": True, "remove_extra_whitespaces": False,
                           "split_digits": True, "allow_whitespace_only_pieces": True}),
            ("bpe plain", {"model_type": "bpe", "vocab_size": 250, "add_dummy_prefix": False, "remove_extra_whitespaces": False,
                           "user_defined_symbols": ["<mark>", "zz"]}),
            ("unigram", {"model_type": "unigram", "vocab_size": 160}),
            ("unigram bytes", {"model_type": "unigram", "vocab_size": 420, "byte_fallback": True, "split_by_whitespace": False})):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(TEXT.splitlines()), model_writer=model, minloglevel=2,
                                                 normalization_rule_name="identity", num_threads=1, **options)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        rows = [{"text": text, "ids": processor.encode(text), "decoded": processor.decode(processor.encode(text))} for text in texts if "\0" not in text]
        out.append({"name": name, "model": base64.b64encode(model.getvalue()).decode(), "texts": rows})
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
    fixtures = (("bpe_training", training_fixture()), ("word_piece_training", word_piece_training_fixture()),
                ("unigram_training", unigram_training_fixture()), ("tokenizer_forms", forms_fixture(forms(), TEXTS)),
                ("tokenizer_more_forms", forms_fixture(more_forms(), TEXTS + tricky_texts(200))),
                ("sentencepiece_models", sentencepiece_fixture(TEXTS + tricky_texts(200))))
    for name, content in fixtures:
        path = ROOT / f"tests/fixtures/{name}.json"
        path.write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")
        print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
