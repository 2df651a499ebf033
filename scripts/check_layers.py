#!/usr/bin/env python3
"""Checks who includes whom: the table of layers in the README, and which libraries each folder may know.

Prints every line that breaks a rule and exits with 1 if there is one. `--root` checks another tree (for its own test).
"""
import argparse
import re
import sys
from pathlib import Path

# A folder includes itself and folders of lower rows.
ROWS = {
    "core": 0,
    "config": 1, "kernels": 1, "report": 1,
    "ops": 2, "io": 2, "dist": 2, "tokenizer": 2,
    "optim": 3, "model": 3, "data": 3, "grade": 3,
    "train": 4, "decode": 4,
    "align": 5, "eval": 5,
    "apps": 6,
}
# Lower rows that a folder must not know all the same.
NEVER = {
    "model": {"tokenizer", "io"},       # takes a config and tensors, returns tensors
    "train": {"tokenizer"},             # sees batches, never text
    "io": {"tokenizer"},
}
WITHOUT_TORCH = {"core", "config", "tokenizer", "grade", "kernels", "report"}
TORCH = re.compile(r"(torch|ATen|c10|pch\.h)(/|$)|pch\.h")
MOST_LINES = 600
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path, root):
    parts = path.relative_to(root).parts
    return "apps" if parts[0] == "apps" else parts[1] if len(parts) > 2 else ""


def include_problem(folder, file, quoted, target):
    if quoted:
        other = target.split("/")[0] if "/" in target else folder
        if other in ROWS and other != folder and ROWS[other] >= ROWS.get(folder, 99):
            return f"{folder} (row {ROWS[folder]}) must not include {other} (row {ROWS[other]})"
        if other in NEVER.get(folder, ()):
            return f"{folder} must not know {other}"
    if folder in WITHOUT_TORCH and TORCH.match(target):
        return f"{folder} must not know LibTorch"
    if target == "torch/torch.h":
        return "torch/torch.h is never included: it costs 12 s a file; name the parts needed"
    if target.startswith("spdlog") and file != "src/core/log.cpp":
        return "only src/core/log.cpp includes spdlog"
    if target.startswith("CLI/") and folder != "apps":
        return "only apps/slovo includes CLI11"
    if target.startswith("hwy/") and folder != "kernels":
        return "only src/kernels includes Highway"
    return ""


def check_file(path, root):
    folder, file = folder_of(path, root), path.relative_to(root).as_posix()
    lines = path.read_text(encoding="utf-8").splitlines()
    once = not path.name.endswith("-inl.h")  # Highway includes these once for each kind of processor
    if path.suffix == ".h" and once and not any(line.startswith("#pragma once") for line in lines):
        yield f"{file}: has no #pragma once"
    if len(lines) > MOST_LINES:
        yield f"{file}: has {len(lines)} lines; split it, the limit is {MOST_LINES}"
    if folder and folder not in ROWS:
        yield f"{file}: folder {folder} has no row in the table of layers"
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            problem = include_problem(folder, file, match[1] == '"', match[2])
            if problem:
                yield f"{file}:{number}: {problem}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args().root
    files = sorted(path for top in ("src", "apps") for path in (root / top).rglob("*") if path.suffix in (".h", ".cpp"))
    problems = [problem for path in files for problem in check_file(path, root)]
    print("\n".join(problems) or f"{len(files)} files keep to their layers")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
