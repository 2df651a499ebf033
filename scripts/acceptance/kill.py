#!/usr/bin/env python3
"""Kills a training run at random moments and checks that nothing is lost.

An undisturbed run comes first. Then the same run is killed (SIGKILL) at random moments, at some of them while a
checkpoint is being written, and resumed until it ends; its final weights and its metrics must be those of the
undisturbed run, byte for byte (throughput and memory aside).

    scripts/acceptance/kill.py --data input.txt [--slovo build/release/slovo] [--kills 20] [--dtype bf16]
"""
import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEASURED = ("tokens_per_s", "memory_bytes", "seconds")


def metrics(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in MEASURED} for line in lines]


def weights(run):
    return (run / "model" / "model.safetensors").read_bytes()


def writing(run):
    """True while a temporary folder of a checkpoint, or of the final model, is there."""
    return any(run.glob("checkpoints/.*")) or any(run.glob(".model*"))


class Trial:
    def __init__(self, args, work):
        self.args, self.work = args, work

    def command(self, run, resume):
        a = self.args
        words = [a.slovo, "pretrain", "--out", str(run), "--data", *a.data, "--dtype", a.dtype, "--threads", str(a.threads),
                 "--data.cache_dir", str(self.work / "cache"), "--tokenizer.kind", "char", "--data.seq_len", "64",
                 "--model.hidden_size", "64", "--model.num_hidden_layers", "2", "--train.batch_size", "8",
                 "--train.micro_batch_size", "4", "--train.steps", str(a.steps), "--train.checkpoint_every", "5",
                 "--train.eval_every", str(a.steps), "--train.log_every", "1", "--log-level", "warn"]
        return words + (["--resume"] if resume else [])

    def straight(self, run):
        begin = time.monotonic()
        subprocess.run(self.command(run, resume=False), check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - begin

    def start(self, run):
        return subprocess.Popen(self.command(run, resume=True), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def kill_once(self, run, delay, in_write):
        """Starts or resumes the run and kills it; returns what was being done, or None when it was done before."""
        process = self.start(run)
        deadline = time.monotonic() + delay
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        while in_write and process.poll() is None and not writing(run):
            pass
        if process.poll() is not None:
            if process.returncode != 0:
                sys.exit(f"the resumed run failed: {process.stderr.read().decode()}")
            return None
        process.kill()
        process.wait()
        return "writing" if writing(run) else "between"

    def finish(self, run):
        process = self.start(run)
        _, err = process.communicate()
        if process.returncode != 0:
            sys.exit(f"the resumed run failed: {err.decode()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--slovo", default="build/release/slovo")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--dtype", default="bf16", choices=("fp32", "bf16"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    random.seed(args.seed)
    work = Path(tempfile.mkdtemp(prefix="slovo-kill-"))
    try:
        trial = Trial(args, work)
        straight = work / "straight"
        seconds = trial.straight(straight)
        print(f"undisturbed: {args.steps} steps, {args.dtype}, {args.threads} threads, {seconds:.1f} s")
        done = {"writing": 0, "between": 0}
        number = 0
        while sum(done.values()) < args.kills:
            run = work / f"run-{number}"
            number += 1
            here = 0
            for _ in range(random.randint(1, 4)):  # one run may be killed several times
                if sum(done.values()) == args.kills:
                    break
                state = trial.kill_once(run, random.uniform(0, seconds), in_write=random.random() < 0.4)
                if state is None:
                    break
                done[state] += 1
                here += 1
            trial.finish(run)
            same = weights(run) == weights(straight)
            print(f"run {number}: killed {here} times, weights {'identical' if same else 'DIFFER'}", flush=True)
            if not same or metrics(run) != metrics(straight):
                sys.exit(f"{run} differs from {straight} (both are kept)")
            if list(run.glob(".*-tmp-*")) or list(run.glob("checkpoints/.*")):
                sys.exit(f"{run} still holds leftovers of a killed run")
            shutil.rmtree(run)
        print(f"{args.kills} kills, {done['writing']} of them while a checkpoint was written: all weights and metrics identical")
    except BaseException:
        print(f"kept: {work}", file=sys.stderr)
        raise
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
