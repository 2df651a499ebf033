"""The TRL side of sft.py: SFTTrainer on a CPU, assistant-only loss, no packing, no gradient checkpointing.

Prints one JSON line: examples/s of the steps behind the warm-up, bytes resident just before the model is loaded and the
most there ever were, and the loss of the last steps.
"""
import argparse
import json
import os
import resource
import tempfile
import time

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


def resident_bytes():
    line = next(line for line in open("/proc/self/status") if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


class Clock(TrainerCallback):
    def __init__(self):
        self.ends = []

    def on_step_end(self, *_args, **_kwargs):
        self.ends.append(time.perf_counter())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--dtype", choices=["fp32", "bf16"], required=True)
    for name in ("threads", "batch", "steps", "warmup", "length"):
        parser.add_argument(f"--{name}", type=int, required=True)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    rows = Dataset.from_list([{"messages": json.loads(line)["messages"]} for line in open(a.data)])
    tokenizer = AutoTokenizer.from_pretrained(a.model)
    torch.ones(8, 8).mm(torch.ones(8, 8))
    before = resident_bytes()
    model = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32)
    clock = Clock()
    with tempfile.TemporaryDirectory() as out:
        config = SFTConfig(
            output_dir=out, use_cpu=True, bf16=a.dtype == "bf16", max_steps=a.steps, max_length=a.length,
            per_device_train_batch_size=a.batch, learning_rate=5e-5, lr_scheduler_type="constant", packing=False,
            gradient_checkpointing=False, assistant_only_loss=True, optim="adamw_torch_fused", report_to=[],
            logging_steps=a.steps, save_strategy="no", disable_tqdm=True, dataset_num_proc=None, seed=1)
        trainer = SFTTrainer(model=model, args=config, train_dataset=rows, processing_class=tokenizer,
                             callbacks=[clock])
        result = trainer.train()
    seconds = clock.ends[-1] - clock.ends[a.warmup - 1]
    print(json.dumps({"examples_per_s": (a.steps - a.warmup) * a.batch / seconds, "before": before,
                      "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                      "loss": result.training_loss}))


if __name__ == "__main__":
    main()
