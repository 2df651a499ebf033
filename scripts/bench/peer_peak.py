"""The fastest matrix product PyTorch reaches here: the best of 2048^3 and the shapes given as N,in,out triples.

Tries at::linear and, for fp32, oneDNN's own product, which PyTorch does not take by itself. Prints one JSON line, FLOP/s.
"""
import argparse
import json
import time

import torch


def best_rate(product, flops, device):
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    product()
    repeats = max(1, int((2e13 if device == "cuda" else 2e10) / flops))
    best = float("inf")
    for _ in range(6):
        wait()
        start = time.perf_counter()
        for _ in range(repeats):
            product()
        wait()
        best = min(best, (time.perf_counter() - start) / repeats)
    return flops / best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dtype", choices=("fp32", "bf16"), required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("shapes", nargs="*", help="N,in,out")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    dtype = torch.float32 if a.dtype == "fp32" else torch.bfloat16
    peak = 0.0
    for shape in ["2048,2048,2048", *a.shapes]:
        n, inner, out = map(int, shape.split(","))
        x, weight = (torch.randn(rows, inner).to(a.device, dtype) for rows in (n, out))
        ways = [lambda: torch.nn.functional.linear(x, weight)]
        if a.device == "cpu" and dtype == torch.float32 and torch.backends.mkldnn.is_available():
            ways.append(lambda: torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], ""))
        with torch.no_grad():
            peak = max([peak, *(best_rate(way, 2 * n * inner * out, a.device) for way in ways)])
    print(json.dumps({"flops_per_s": peak}))


if __name__ == "__main__":
    main()
