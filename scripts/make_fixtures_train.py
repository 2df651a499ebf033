"""Fixtures of training: ten steps of AdamW on given gradients, and ten steps of a tiny Llama, in PyTorch
(fp32, AdamW, clipping, warm-up and cosine).

Run with torch, transformers and safetensors installed: python scripts/make_fixtures_train.py
Writes tests/fixtures/train/.
"""
import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

STEPS, BATCH, LENGTH, VOCAB = 10, 4, 16, 48
LR, MIN_LR, WARMUP, DECAY, CLIP = 1e-2, 1e-3, 3, 0.1, 1.0
OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "train"


def rate(step):
    if step < WARMUP:
        return LR * (step + 1) / WARMUP
    p = (step - WARMUP) / max(1, STEPS - 1 - WARMUP)
    return MIN_LR + (LR - MIN_LR) * 0.5 * (1 + math.cos(math.pi * p))


def optimizer_for(parameters):
    parameters = list(parameters)
    groups = [{"params": [p for p in parameters if p.dim() >= 2], "weight_decay": DECAY},
              {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=LR, betas=(0.9, 0.95), eps=1e-8)


def clip_and_step(optimizer, parameters, step):
    norm = torch.nn.utils.clip_grad_norm_(parameters, CLIP).item()
    for group in optimizer.param_groups:
        group["lr"] = rate(step)
    optimizer.step()
    return norm


def adamw():
    """Gradients of very different sizes, of which some steps are clipped."""
    parameters = {"matrix": torch.randn(7, 45), "vector": torch.randn(19)}
    tensors = {"start." + n: p.clone() for n, p in parameters.items()}
    for p in parameters.values():
        p.requires_grad_()
    optimizer = optimizer_for(parameters.values())
    for step in range(STEPS):
        for n, p in parameters.items():
            p.grad = torch.randn_like(p) * 10.0 ** (-step % 4 - 2)
            tensors[f"grad.{step}.{n}"] = p.grad.clone()
        clip_and_step(optimizer, list(parameters.values()), step)
    for n, p in parameters.items():
        tensors |= {"final." + n: p.detach(), "exp_avg." + n: optimizer.state[p]["exp_avg"],
                    "exp_avg_sq." + n: optimizer.state[p]["exp_avg_sq"]}
    save_file(tensors, OUT / "adamw.safetensors")


def llama():
    config = LlamaConfig(vocab_size=VOCAB, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                         num_key_value_heads=2, intermediate_size=64, max_position_embeddings=LENGTH,
                         rms_norm_eps=1e-5, tie_word_embeddings=True, bos_token_id=None, eos_token_id=None,
                         pad_token_id=None, initializer_range=0.1)
    model = LlamaForCausalLM(config).float()
    model.save_pretrained(OUT / "llama")
    optimizer = optimizer_for(model.parameters())
    ids = torch.randint(VOCAB, (STEPS, BATCH, LENGTH + 1))
    weights = (torch.rand(STEPS, BATCH, LENGTH) < 0.7).float()
    losses, norms, tensors = [], [], {}
    for step in range(STEPS):
        logits = model(ids[step, :, :-1]).logits
        nll = torch.nn.functional.cross_entropy(logits.reshape(-1, VOCAB), ids[step, :, 1:].reshape(-1), reduction="none")
        loss = (nll * weights[step].reshape(-1)).sum() / weights[step].sum()
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            tensors |= {"grad." + n: p.grad.clone() for n, p in model.named_parameters()}
        norms.append(clip_and_step(optimizer, list(model.parameters()), step))
        losses.append(loss.item())
    tensors |= {"final." + n: p.detach().clone() for n, p in model.named_parameters()}
    tensors |= {"ids": ids, "weights": weights, "losses": torch.tensor(losses, dtype=torch.float64),
                "grad_norms": torch.tensor(norms, dtype=torch.float64)}
    save_file(tensors, OUT / "ten_steps.safetensors")
    print("losses", [round(x, 4) for x in losses], "norms", [round(x, 3) for x in norms])


if __name__ == "__main__":
    torch.manual_seed(7)
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    adamw()
    llama()
