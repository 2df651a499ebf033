"""The PyTorch side of acceptance/step_memory.py: peak memory of a few training steps of peer_gpt.py's model, bf16 autocast.

Prints one JSON line: bytes resident just before the model is made, the most there ever were, and the parameters.
"""
import argparse
import json
import resource

import torch

from peer_gpt import GPT


def resident_bytes():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def main():
    parser = argparse.ArgumentParser()
    for name in ("vocab", "layers", "heads", "width", "length", "batch", "threads"):
        parser.add_argument(f"--{name}", type=int, required=True)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    torch.ones(8, 8).mm(torch.ones(8, 8))
    before = resident_bytes()
    model = GPT(a.vocab, a.layers, a.heads, a.width, a.length)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    for _ in range(3):
        ids = torch.randint(a.vocab, (a.batch, a.length + 1))
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(ids[:, :-1], ids[:, 1:].reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()
    print(json.dumps({"before": before, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                      "parameters": sum(p.numel() for p in model.parameters())}))


if __name__ == "__main__":
    main()
