#!/usr/bin/env python3
"""check_layers.py finds each kind of broken rule in a small tree made for it, and nothing in a clean one."""
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_layers.py"
CLEAN = {
    "src/core/log.cpp": '#include <spdlog/spdlog.h>\n#include "core/log.h"\n',
    "src/core/log.h": "#pragma once\n",
    "src/model/norm.cpp": '#include <ATen/ATen.h>\n#include "ops/ops.h"\n',
    "src/kernels/add.cpp": "#include <hwy/highway.h>\n",
    "src/kernels/add-inl.h": "#include <hwy/highway.h>\n",
    "apps/slovo/main.cpp": '#include <CLI/CLI.hpp>\n#include "commands.h"\n#include "train/loop.h"\n',
}
BROKEN = {
    "src/core/a.cpp": ('#include "config/config.h"\n', "must not include config"),
    "src/data/b.cpp": ('#include "model/norm.h"\n', "must not include model"),
    "src/model/c.cpp": ('#include "tokenizer/tokenizer.h"\n', "must not know tokenizer"),
    "src/tokenizer/d.cpp": ("#include <ATen/ATen.h>\n", "must not know LibTorch"),
    "src/train/e.cpp": ("#include <torch/torch.h>\n", "never included"),
    "src/train/f.cpp": ("#include <spdlog/spdlog.h>\n", "only src/core/log.cpp"),
    "src/train/g.cpp": ("#include <CLI/CLI.hpp>\n", "only apps/slovo"),
    "src/train/h.cpp": ("#include <hwy/highway.h>\n", "only src/kernels"),
    "src/train/i.h": ("int x();\n", "no #pragma once"),
    "src/train/j.cpp": ("\n" * 601, "601 lines"),
    "src/other/k.cpp": ("\n", "no row"),
}


def check(files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, SCRIPT, "--root", root], capture_output=True, text=True)
    return done.returncode, done.stdout


def main():
    code, out = check(CLEAN)
    assert code == 0, out
    code, out = check(CLEAN | {name: text for name, (text, _) in BROKEN.items()})
    assert code == 1
    lines = out.splitlines()
    assert len(lines) == len(BROKEN), out
    for name, (_, expected) in BROKEN.items():
        assert any(line.startswith(name + ":") and expected in line for line in lines), (name, out)


if __name__ == "__main__":
    main()
