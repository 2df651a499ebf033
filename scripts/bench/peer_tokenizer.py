"""The other side of tokenizer.py: one text in memory to ids by HF `tokenizers` or tiktoken, or a vocabulary learned.

Prints one JSON line: the megabytes per second, and the number of tokens or merges.
"""
import argparse
import json
import time
from pathlib import Path
from unittest import mock


def encode_hf(tokenizer, text):
    from tokenizers import Tokenizer
    encoder = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    return lambda: len(encoder.encode(text, add_special_tokens=False).ids)


def encode_tiktoken(tokenizer, text):
    """With the pattern that tiktoken itself gives the vocabulary, which is faster than the one in tokenizer.json."""
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe
    from tiktoken_ext import openai_public
    ranks = load_tiktoken_bpe(str(tokenizer / "ranks.tiktoken"))
    with mock.patch.object(openai_public, "load_tiktoken_bpe", lambda *_, **__: ranks):
        spec = getattr(openai_public, f"{tokenizer.name}_base")()
    encoder = tiktoken.Encoding("bench", pat_str=spec["pat_str"], mergeable_ranks=ranks, special_tokens={})
    return lambda: len(encoder.encode_ordinary(text))


def train_hf(vocab_size, file):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    def run():
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.train([str(file)], trainers.BpeTrainer(
            vocab_size=vocab_size, special_tokens=["<|endoftext|>"], show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        return tokenizer.get_vocab_size()
    return run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=("hf", "tiktoken", "hf_train"))
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--vocab_size", type=int)
    parser.add_argument("--data", type=Path, required=True)
    a = parser.parse_args()
    text = a.data.read_bytes().decode()
    run = (encode_hf(a.tokenizer, text) if a.side == "hf" else
           encode_tiktoken(a.tokenizer, text) if a.side == "tiktoken" else train_hf(a.vocab_size, a.data))
    start = time.perf_counter()
    tokens = run()
    seconds = time.perf_counter() - start
    print(json.dumps({"mb_per_s": a.data.stat().st_size / 1e6 / seconds, "tokens": tokens}))


if __name__ == "__main__":
    main()
