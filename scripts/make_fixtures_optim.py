"""Fixtures of the update rules and schedules: a few steps of each rule on given gradients, written from the published
formulas in plain PyTorch (fp32), and the rates of each schedule in plain Python.

Run with torch (2.9 or newer, for torch.optim.Muon) and safetensors installed: python scripts/make_fixtures_optim.py
Writes tests/fixtures/optim/.
"""
import json
import math
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import save_file

STEPS, LR, CLIP = 4, 0.02, 1.0
OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "optim"

# A decoder 16 wide with 2 query heads and 1 key and value head of size 8, an MLP with a gate, and a head of its own.
SHAPES = {"embedding.weight": (10, 16), "blocks.0.attention_norm.weight": (16,), "blocks.0.attention.qkv.weight": (32, 16),
          "blocks.0.attention.output.weight": (16, 16), "blocks.0.mlp_norm.weight": (16,),
          "blocks.0.mlp.up.weight": (48, 16), "blocks.0.mlp.down.weight": (16, 24), "norm.weight": (16,),
          "head.weight": (10, 16)}
JOINED = {"blocks.0.attention.qkv.weight": (16, 8, 8), "blocks.0.mlp.up.weight": (24, 24)}
SCALES = {"embedding.weight": 3.0, "head.weight": 0.5, "vector": 2.0}  # of the case with rates of their own

POLAR_EXPRESS = [(8.156554524902461, -22.48329292557795, 15.878769915207462),
                 (4.042929935166739, -2.808917465908714, 0.5000178451051316),
                 (3.8916678022926607, -2.772484153217685, 0.5060648178503393),
                 (3.285753657755655, -2.3681294933425376, 0.46449024233003106),
                 (2.3465413258596377, -1.7097828382687081, 0.42323551169305323)]


def orthogonal(u, polar_express):
    """Nearly U V^T of u = U S V^T (https://kellerjordan.github.io/posts/muon; arXiv:2505.16932)."""
    x = u.T if u.shape[0] > u.shape[1] else u
    x = x / (1.01 * x.norm() + 1e-6) if polar_express else x / (x.norm() + 1e-7)
    for i in range(5):
        a, b, c = POLAR_EXPRESS[i] if polar_express else (3.4445, -4.7750, 2.0315)
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if u.shape[0] > u.shape[1] else x


def decayed(w, move, factor, cautious):
    return w * torch.where(w * move >= 0, factor, 1.0) if cautious else w * factor


def is_matrix(name):
    return name.startswith("blocks.") and len(SHAPES[name]) == 2


def rate(name, case):
    if not case.get("scales"):
        return LR
    return LR * SCALES.get(name, 1.0 if is_matrix(name) else SCALES["vector"])


def weight_decay(name, value):
    return value if len(SHAPES[name]) == 2 else 0.0


def muon(w, g, state, lr, case):
    """One matrix. With "variance" the rows are scaled as in NorMuon (arXiv:2510.05491), at o's own norm."""
    m = state.setdefault("m", torch.zeros_like(w))
    m.copy_(0.95 * m + 0.05 * g)
    u = 0.95 * m + 0.05 * g
    o = orthogonal(u, case.get("polar_express"))
    if case.get("variance"):
        v = state.setdefault("v", torch.zeros(w.shape[0], 1))
        v.copy_(0.95 * v + 0.05 * o.square().mean(dim=1, keepdim=True))
        scaled = o / v.sqrt()
        o = scaled * (o.norm() / scaled.norm())
    rows, columns = w.shape
    size = math.sqrt(max(1, rows / columns)) if case.get("spectral") else 0.2 * math.sqrt(max(rows, columns))
    move = lr * size * o
    w.copy_(decayed(w, move, 1 - lr * case["decay"], case.get("cautious")) - move)


def adamw(w, g, state, lr, decay, cautious, step):
    m, v = state.setdefault("m", torch.zeros_like(w)), state.setdefault("v", torch.zeros_like(w))
    m.copy_(0.9 * m + 0.1 * g)
    v.copy_(0.95 * v + 0.05 * g * g)
    move = lr * (m / (1 - 0.9**step)) / ((v / (1 - 0.95**step)).sqrt() + 1e-8)
    w.copy_(decayed(w, move, 1 - lr * decay, cautious) - move)


def lion(w, g, state, lr, decay, cautious):
    """arXiv:2302.06675, algorithm 2."""
    m = state.setdefault("m", torch.zeros_like(w))
    move = lr * (0.9 * m + 0.1 * g).sign()
    m.copy_(0.99 * m + 0.01 * g)
    w.copy_(decayed(w, move, 1 - lr * decay, cautious) - move)


def step_of(rule, name, w, g, state, case, step):
    lr, decay, cautious = rate(name, case), weight_decay(name, case["decay"]), case.get("cautious")
    if rule == "lion":
        lion(w, g, state, lr, decay, cautious)
    elif rule == "muon" and is_matrix(name):
        for i, (part, part_g) in enumerate(zip(w.split(JOINED.get(name, w.shape[0])), g.split(JOINED.get(name, w.shape[0])))):
            muon(part, part_g, state.setdefault(i, {}), lr, case)
    else:
        adamw(w, g, state, lr, decay, cautious, step)


def clipped(gradients):
    norm = torch.sqrt(sum(g.square().sum() for g in gradients.values()))
    return {n: g * min(1.0, CLIP / (norm.item() + 1e-6)) for n, g in gradients.items()}


def run(rule, case, start, gradients):
    weights = {n: w.clone() for n, w in start.items()}
    states = {n: {} for n in start}
    for step, grads in enumerate(gradients, 1):
        for n, g in clipped(grads).items():
            step_of(rule, n, weights[n], g, states[n], case, step)
    return weights


def run_sgd(start, gradients):
    """torch.optim.SGD itself."""
    weights = {n: w.clone().requires_grad_() for n, w in start.items()}
    matrices = [w for w in weights.values() if w.dim() == 2]
    vectors = [w for w in weights.values() if w.dim() < 2]
    optimizer = torch.optim.SGD([{"params": matrices, "weight_decay": 0.1}, {"params": vectors}], lr=LR, momentum=0.9)
    for grads in gradients:
        for n, g in clipped(grads).items():
            weights[n].grad = g
        optimizer.step()
    return {n: w.detach() for n, w in weights.items()}


def check_against_torch_muon(start, gradients):
    """Our words for Muon against torch.optim.Muon, made to multiply in fp32, on the matrices that are not joined."""
    names = [n for n in start if is_matrix(n) and n not in JOINED]
    theirs = {n: start[n].clone().requires_grad_() for n in names}
    ours = {n: start[n].clone() for n in names}
    optimizer = torch.optim.Muon(theirs.values(), lr=LR, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw")
    states = {n: {} for n in names}
    for grads in gradients:
        for n in names:
            theirs[n].grad = grads[n].clone()
            muon(ours[n], grads[n], states[n], LR, {"decay": 0.1})
        with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
            optimizer.step()
    for n in names:
        error = ((theirs[n].detach() - ours[n]).norm() / (theirs[n].detach() - start[n]).norm()).item()
        print(f"{n}: {error:.1e} of what torch.optim.Muon moved")
        assert error < 1e-4


CASES = {"muon": {"decay": 0.1},
         "muon_all": {"decay": 0.1, "polar_express": True, "variance": True, "cautious": True, "spectral": True, "scales": True},
         "lion": {"decay": 1.0},
         "lion_cautious": {"decay": 1.0, "cautious": True, "scales": True},
         "adamw_cautious": {"decay": 0.1, "cautious": True, "scales": True}}


def rules():
    start = {n: torch.randn(s) * 0.3 for n, s in SHAPES.items()}
    gradients = [{n: torch.randn(s) * 10.0 ** (-i % 3 - 2) for n, s in SHAPES.items()} for i in range(STEPS)]
    check_against_torch_muon(start, gradients)
    tensors = {"start." + n: w for n, w in start.items()}
    for i, grads in enumerate(gradients):
        tensors |= {f"grad.{i}.{n}": g for n, g in grads.items()}
    for name, case in CASES.items():
        tensors |= {f"{name}.{n}": w for n, w in run(name.split("_")[0], case, start, gradients).items()}
    tensors |= {f"sgd.{n}": w for n, w in run_sgd(start, gradients).items()}
    save_file({n: t.contiguous() for n, t in tensors.items()}, OUT / "rules.safetensors")


def learning_rate(c, step):
    steps, warmup, lr, low = c["steps"], c["warmup_steps"], c["lr"], c["min_lr"]
    if step < warmup:
        return lr * (step + 1) / warmup
    p = (step - warmup) / max(1, steps - 1 - warmup)
    if c["schedule"] == "cosine":
        return low + (lr - low) * (1 + math.cos(math.pi * p)) / 2
    if c["schedule"] == "linear":
        return lr * (1 - p) + low * p
    if c["schedule"] == "inverse_sqrt":
        return lr * math.sqrt(max(1, warmup)) / math.sqrt(step + 1)
    if c["schedule"] == "wsd":
        falling = c["decay_steps"] if c.get("decay_steps") is not None else round(c["decay_share"] * steps)
        level = max(warmup, steps - falling)
        if step < level:
            return lr
        q = (step - level + 1) / (steps - level)
        q = math.sqrt(q) if c.get("decay_shape") == "sqrt" else q
        return lr - (lr - low) * q
    return lr


def rows(c, step):
    """The batch of a step while it grows, in whole micro-batches."""
    unit = c.get("micro_batch_size") or 1
    if step >= c["batch_ramp_steps"]:
        return c["batch_size"]
    return c["batch_start"] + unit * ((c["batch_size"] - c["batch_start"]) // unit * step // c["batch_ramp_steps"])


def schedules():
    base = {"steps": 150, "warmup_steps": 17, "lr": 0.03, "min_lr": 0.0007, "decay_share": 0.3}
    cases = [base | {"schedule": s} for s in ("cosine", "linear", "wsd", "inverse_sqrt", "constant")]
    cases += [base | {"schedule": "wsd", "decay_shape": "sqrt"}, base | {"schedule": "wsd", "decay_steps": 1},
              base | {"schedule": "wsd", "decay_shape": "sqrt", "decay_steps": 150},
              base | {"schedule": "inverse_sqrt", "warmup_steps": 0}]
    ramps = [{"batch_size": 48, "batch_start": 6, "batch_ramp_steps": 11},
             {"batch_size": 48, "batch_start": 8, "batch_ramp_steps": 7, "micro_batch_size": 4},
             {"batch_size": 5, "batch_start": 5, "batch_ramp_steps": 3}]
    out = {"rates": [{"config": c, "values": [learning_rate(c, s) for s in range(c["steps"])]} for c in cases],
           "rows": [{"config": c, "values": [rows(c, s) for s in range(15)]} for c in ramps]}
    (OUT / "schedules.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    torch.manual_seed(11)
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    rules()
    schedules()
