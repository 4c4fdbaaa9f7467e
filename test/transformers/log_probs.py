"""Log-probs of a completion by transformers: argv is a model folder, a prompt's text, a completion's text."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, question, completion = sys.argv[1:]
torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(folder)
messages = [{"role": "user", "content": [{"type": "text", "text": question}]}]
prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
targets = tokenizer(completion, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
with torch.no_grad():
    log_probs = torch.log_softmax(model(torch.tensor([ids + targets])).logits[0], -1)
print(json.dumps([log_probs[len(ids) - 1 + at, target].item() for at, target in enumerate(targets)]))
