"""Timing on a noisy machine: wait for quiet, alternate the sides, set disturbed rounds aside."""
import json
import os
import platform
import statistics
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOVO = Path(os.environ.get("SLOVO_BINARY", ROOT / "build/release/slovo"))
SHARED = Path(os.environ.get("SLOVO_SHARED", ROOT.parent / "shared"))
FOREIGN_LIMIT = 0.10  # processors that others may use in a round that counts
TICK = os.sysconf("SC_CLK_TCK")


def busy_seconds():
    """Processor seconds used by the whole machine since boot, and by this process and its finished children."""
    fields = list(map(int, open("/proc/stat").readline().split()[1:9]))
    t = os.times()
    return (sum(fields) - fields[3] - fields[4]) / TICK, t.user + t.system + t.children_user + t.children_system


def foreign_load(run):
    """Runs `run()`; returns its result and how many processors others used meanwhile."""
    all_before, own_before = busy_seconds()
    start = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - start
    all_after, own_after = busy_seconds()
    return result, max(0.0, (all_after - all_before) - (own_after - own_before)) / seconds


def wait_quiet(limit=120):
    """Waits until others leave the machine alone, or `limit` seconds have passed."""
    end = time.time() + limit
    while time.time() < end and foreign_load(lambda: time.sleep(0.4))[1] >= FOREIGN_LIMIT:
        pass


def alternate(sides, rounds):
    """sides: {name: callable -> figure}. Runs them in turn until `rounds` rounds were clean (at most three times as many).

    Where there are too few clean rounds the least disturbed count. Returns {name: [figure of each counted round]} and
    the mean foreign load of those rounds.
    """
    done = []
    for attempt in range(3 * rounds):
        wait_quiet()
        row, load = {}, 0.0
        for name in list(sides) if attempt % 2 == 0 else list(reversed(sides)):
            row[name], foreign = foreign_load(sides[name])
            load = max(load, foreign)
        done.append((load, row))
        if sum(entry[0] < FOREIGN_LIMIT for entry in done) >= rounds:
            break
    counted = sorted(done, key=lambda entry: entry[0])[:rounds]
    return ({name: [row[name] for _, row in counted] for name in sides},
            statistics.mean(load for load, _ in counted))


def processor():
    """The processor's name and the instruction sets that decide the figures."""
    lines = open("/proc/cpuinfo").read().splitlines()
    name = next((l.split(":", 1)[1].strip() for l in lines if l.startswith("model name")), platform.processor())
    flags = next((l.split(":", 1)[1].split() for l in lines if l.startswith("flags")), [])
    return f"{name} ({', '.join(f for f in ('avx2', 'avx512f', 'avx512_bf16', 'amx_bf16') if f in flags)})"


def emit(**row):
    print(json.dumps(row), flush=True)
