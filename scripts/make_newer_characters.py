#!/usr/bin/env python3
"""Writes src/tokenizer/newer_characters_table.h: the characters that Unicode got after version 14, as Hugging Face `tokenizers`
classifies them (its regular expressions are of Unicode 16, as are tiktoken's).

    python3.11 scripts/make_newer_characters.py      (a Python whose unicodedata is of Unicode 14)
"""
import pathlib
import unicodedata

from tokenizers import Regex, pre_tokenizers

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/tokenizer/newer_characters_table.h"
CATEGORIES = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"]
STEP = 50_000


def members(category):
    split = pre_tokenizers.Split(Regex(rf"\p{{{category}}}"), "removed", invert=True)
    text = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    return {ord(c) for at in range(0, len(text), STEP) for part, _ in split.pre_tokenize_str(text[at:at + STEP]) for c in part}


def ranges(codes):
    out = []
    for code in sorted(codes):
        if out and out[-1][1] == code - 1:
            out[-1][1] = code
        else:
            out.append([code, code])
    return out


def main():
    if unicodedata.unidata_version != "14.0.0":
        raise SystemExit(f"unicodedata is of Unicode {unicodedata.unidata_version}; must be 14.0.0")
    rows = []
    for category in CATEGORIES:
        now = members(category)
        moved = [c for c in now if unicodedata.category(chr(c)) not in (category, "Cn")]
        for c in moved:  # within its class of one letter: it is in \p{M} before and after
            print(f"U+{c:X} moved from {unicodedata.category(chr(c))} to {category}; it is left out")
        rows += [(first, last, category) for first, last in ranges(c for c in now if unicodedata.category(chr(c)) == "Cn")]
    lines = [f'{{0x{first:X}, 0x{last:X}, "{category}"}},' for first, last, category in sorted(rows)]
    OUT.write_text("// Characters that Unicode 15 and 16 added, with their general category: made by\n"
                   "// scripts/make_newer_characters.py.\n#pragma once\n\nnamespace slovo::detail {\n\n"
                   "struct NewerRange {\n  char32_t first;\n  char32_t last;\n  const char* category;\n};\n\n"
                   "inline constexpr NewerRange kNewerCharacters[] = {\n    " + "\n    ".join(lines) + "\n};\n\n}  // namespace slovo::detail\n")
    print(len(rows), "ranges")


if __name__ == "__main__":
    main()
