"""The PyTorch side of acceptance/time_to_quality.py: nanoGPT's CPU setting on characters, until a validation loss is reached.

4 layers, 128 wide, T 64, batch 12, 2,000 steps, AdamW 1e-3 falling by a cosine to 1e-4, eager fp32. Every --every steps the
loss over the whole validation split is taken, off the clock. Writes a run folder that `slovo report` reads, and prints one
JSON line: seconds since the process began until the loss was reached (or of the whole run), and the last loss.
"""
import argparse
import json
import math
import time

START = time.clock_gettime(time.CLOCK_MONOTONIC)

from pathlib import Path  # noqa: E402

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from peer_gpt import GPT  # noqa: E402

LENGTH, BATCH, STEPS, WARMUP, RATE, LOWEST = 64, 12, 2000, 100, 1e-3, 1e-4


def rate_at(step):
    if step < WARMUP:
        return RATE * (step + 1) / (WARMUP + 1)
    return LOWEST + 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP))) * (RATE - LOWEST)


@torch.no_grad()
def validation_loss(model, data):
    rows = (len(data) - 1) // LENGTH
    ids = data[:rows * LENGTH].view(rows, LENGTH)
    targets = data[1:rows * LENGTH + 1].view(rows, LENGTH)
    total = sum(model(ids[i:i + 128], targets[i:i + 128]).item() * len(ids[i:i + 128]) for i in range(0, rows, 128))
    return total / rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--every", type=int, default=100)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    text = open(a.data).read()
    ids = {c: i for i, c in enumerate(sorted(set(text)))}
    data = torch.tensor([ids[c] for c in text])
    train, valid = data[:int(0.9 * len(data))], data[int(0.9 * len(data)):]
    model = GPT(len(ids), 4, 4, 128, LENGTH)
    optimizer = torch.optim.AdamW([{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
                                   {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0}],
                                  lr=RATE, betas=(0.9, 0.99), fused=True)
    a.out.mkdir(parents=True)
    (a.out / "run.json").write_text(json.dumps({"command": "PyTorch, eager", "config": {}}))
    off_clock, loss = 0.0, float("inf")
    with open(a.out / "metrics.jsonl", "w") as metrics:
        for step in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = rate_at(step)
            at = torch.randint(len(train) - LENGTH, (BATCH,))
            batch = torch.stack([train[i:i + LENGTH] for i in at]), torch.stack([train[i + 1:i + 1 + LENGTH] for i in at])
            optimizer.zero_grad(set_to_none=True)
            model(*batch).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            seconds = time.clock_gettime(time.CLOCK_MONOTONIC) - START - off_clock
            if (step + 1) % a.every == 0:
                loss = validation_loss(model, valid)
                off_clock += time.clock_gettime(time.CLOCK_MONOTONIC) - START - off_clock - seconds
                row = {"step": step + 1, "tokens": (step + 1) * BATCH * LENGTH, "val_loss": loss, "seconds": seconds}
                metrics.write(json.dumps(row) + "\n")
                if loss <= a.target:
                    break
    print(json.dumps({"seconds": seconds, "val_loss": loss, "step": step + 1}))


if __name__ == "__main__":
    main()
