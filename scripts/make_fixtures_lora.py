#!/usr/bin/env python3
"""Makes tests/fixtures/lora: adapters of PEFT on the tiny models of tests/fixtures.

Each folder is what save_pretrained writes, plus expected.safetensors: ids [2,12], logits [2,12,V], loss (mean
cross-entropy of the next token) and "grad.NAME" for every tensor of adapter_model.safetensors, all computed by
PEFT.

    python scripts/make_fixtures_lora.py       (needs torch, transformers, peft, safetensors)
"""

import pathlib
import shutil

import peft
import torch
import transformers
from safetensors.torch import save_file

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests" / "fixtures"
ROWS, LENGTH = 2, 12

# name -> (base model in tests/fixtures, what PEFT's LoraConfig is given)
CASES = {
    "eval_lora": ("eval", dict(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"])),
    "llama_lora": ("models/llama_gqa", dict(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj", "down_proj"])),
    "llama_rslora": ("models/llama_bias", dict(r=4, lora_alpha=5, use_rslora=True,
                                        target_modules=r".*layers\.1\.(self_attn\.(k|o)_proj|mlp\.(gate|up)_proj)")),
    "llama_dora": ("models/llama_bias", dict(r=2, lora_alpha=4, use_dora=True, target_modules="all-linear")),
    "gpt2_lora": ("models/gpt2", dict(r=3, lora_alpha=6, target_modules=["c_attn", "c_proj"])),
    "gpt2_dora": ("models/gpt2", dict(r=2, lora_alpha=4, use_dora=True, target_modules=["c_attn", "c_fc"])),
}


def saved_name(name):
    """A parameter's name in adapter_model.safetensors."""
    return name.replace(".default", "").replace("lora_magnitude_vector.weight", "lora_magnitude_vector")


def randomise(model):
    """Every adapter changes its map, and magnitudes are not the norms they begin with."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_magnitude" in name:
                parameter.mul_(1 + 0.2 * torch.randn_like(parameter))
            elif "lora_" in name:
                parameter.copy_(0.3 * torch.randn_like(parameter))


def expected(model, ids):
    logits = model(input_ids=ids).logits
    targets = ids[:, 1:].reshape(-1)
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(len(targets), -1), targets)
    loss.backward()
    tensors = {"ids": ids, "logits": logits.detach(), "loss": loss.detach()}
    tensors.update({f"grad.{saved_name(name)}": parameter.grad
                    for name, parameter in model.named_parameters() if parameter.grad is not None})
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def main():
    out = FIXTURES / "lora"
    shutil.rmtree(out, ignore_errors=True)
    for seed, (name, (base, settings)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_pretrained(FIXTURES / base, dtype=torch.float32,
                                                                  attn_implementation="eager")
        model = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
        model.eval()
        randomise(model)
        model.peft_config["default"].base_model_name_or_path = f"../../{base}"
        model.save_pretrained(out / name)
        (out / name / "README.md").unlink()
        save_file(expected(model, torch.randint(0, 61, (ROWS, LENGTH))), out / name / "expected.safetensors")
        print(out / name)


if __name__ == "__main__":
    main()
