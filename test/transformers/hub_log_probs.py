"""Log-probs of a completion under model folders, each with an adapter of peft over it where one is named, as JSON.

    python hub_log_probs.py [[MODEL, ADAPTER|null], ...] PROMPT_IDS COMPLETION_IDS
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM

jobs, prompt, completion = map(json.loads, sys.argv[1:])
torch.set_num_threads(1)
ids = torch.tensor([prompt + completion])


def log_probs(model_folder, adapter_folder):
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()
    if adapter_folder is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter_folder).eval()
    with torch.no_grad():
        found = model(input_ids=ids).logits[0].log_softmax(-1)
    return [found[len(prompt) - 1 + at, token].item() for at, token in enumerate(completion)]


print(json.dumps([log_probs(*job) for job in jobs]))
