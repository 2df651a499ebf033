"""Tokenizers and texts for tokenizer.py, made of shared data."""
import base64
import gzip
import json

GPT2_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
GPT4_PATTERN = (r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"""
                r"""|\s*[\r\n]+|\s+(?!\S)|\s+""")


def byte_symbols():
    """GPT-2's character for each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def parts_of(token, ranks):
    """The two tokens that `token` is merged of: its bytes joined by all merges before it."""
    parts = [token[i:i + 1] for i in range(len(token))]
    while len(parts) > 2:
        pairs = [ranks.get(a + b, len(ranks)) for a, b in zip(parts, parts[1:])]
        at = min(range(len(pairs)), key=pairs.__getitem__)
        if pairs[at] >= ranks[token]:
            raise ValueError(f"{token!r} is not a merge of two tokens")
        parts[at:at + 2] = [parts[at] + parts[at + 1]]
    return parts


def write_tokenizer(folder, ranks_file, pattern):
    """A folder of a rank file as it is, for tiktoken, and as tokenizer.json."""
    folder.mkdir(parents=True)
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, ranks_file.read_bytes().splitlines())}
    symbols = byte_symbols()

    def spell(token):
        return "".join(symbols[b] for b in token)

    merges = [[spell(part) for part in parts_of(token, ranks)] for token in sorted(ranks, key=ranks.get) if len(token) > 1]
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_]}, "post_processor": None,
        "decoder": {**bytes_, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {spell(token): rank for token, rank in ranks.items()}, "merges": merges}}))
    (folder / "ranks.tiktoken").write_bytes(ranks_file.read_bytes())


def english(shared, size):
    """`size` bytes of English novels (repeated where there are fewer), cut between lines."""
    text = ""
    with gzip.open(shared / "data/pretrain/english_novels/novels.jsonl.gz", "rt") as lines:
        for line in lines:
            text += json.loads(line)["text"] + "\n"
    data = text.encode()
    data = data * (size // len(data) + 1)
    return data[:data.rindex(b"\n", 0, size) + 1]
