"""TRL's GRPOTrainer on the CPU, three steps of a tiny model, with the rewards of the server."""
import os
import tempfile

import torch
from datasets import Dataset
from msrl_trl import msrl
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GRPOConfig, GRPOTrainer

torch.manual_seed(0)
torch.set_num_threads(1)
path = os.environ["MSRL_MODEL"]
model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
tokenizer = AutoTokenizer.from_pretrained(path)
tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
before = {name: value.clone() for name, value in model.named_parameters()}

scores = []


def counted(**given):
    scores.extend(found := msrl(**given))
    return found


rows = [{"prompt": f"Which is better, {i}?", "label": "AB"[i % 2]} for i in range(8)]
with tempfile.TemporaryDirectory() as folder:
    config = GRPOConfig(
        output_dir=folder, per_device_train_batch_size=4, num_generations=4, max_completion_length=12, max_steps=3,
        learning_rate=1e-3, logging_steps=1, report_to=[], use_cpu=True, bf16=False, save_strategy="no", seed=1,
        gradient_checkpointing=False,
    )
    trainer = GRPOTrainer(model=model, reward_funcs=[counted], args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
    trainer.train()

logs = [log for log in trainer.state.log_history if "reward" in log]
assert trainer.state.global_step == 3 and len(logs) == 3, trainer.state.log_history
assert len(scores) == 12 and all(isinstance(score, (int, float)) for score in scores), scores
means = [sum(scores[at : at + 4]) / 4 for at in (0, 4, 8)]
assert all(abs(log["reward"] - mean) < 1e-5 for log, mean in zip(logs, means)), (logs, means)
assert all("msrl/vowels" in log for log in logs), logs[0].keys()
changed = sum(not torch.equal(before[name], value) for name, value in trainer.model.named_parameters())
assert changed > 0
print(f"GRPOTrainer made 3 steps with 12 scores, mean rewards {[round(mean, 3) for mean in means]}, {changed} tensors changed")
