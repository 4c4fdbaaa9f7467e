"""Does one work on a model folder with torch, transformers, peft and TRL; answers JSON lines as peer.py does.

    real.py FOLDER WORK SIZES       SIZES: {"prompts", "samples", "prompt", "completion"} as JSON

A process does one work only, so that its most resident memory is that work's.
"""

import json
import resource
import sys
import tempfile
import time

sys.path.pop(0)  # the other files of this folder are named like packages that transformers looks for

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, work, sizes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
P, G, T, N = (sizes.get(name) for name in ("prompts", "samples", "prompt", "completion"))
# The library's own talk goes to stderr: stdout is for answers.
answers, sys.stdout = sys.stdout, sys.stderr
transformers.logging.set_verbosity_error()
torch.manual_seed(1)

TEXT = "The sun rises in the east and sets in the west. In the morning the light is soft, and people walk to work. "


def about(_=None):
    import peft
    import trl

    versions = {"torch": torch, "transformers": transformers, "peft": peft, "trl": trl}
    return {**{name: module.__version__ for name, module in versions.items()}, "threads": torch.get_num_threads()}


def memory():
    return {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def reply(answer):
    print(json.dumps(answer), file=answers, flush=True)


def wait_for_run():
    """Answers questions until a run is asked for; false at the end of the input."""
    for line in sys.stdin:
        verb = json.loads(line)["verb"]
        if verb == "run":
            return True
        reply({"about": about, "memory": memory}[verb]())
    return False


def now():
    return time.perf_counter(), time.process_time()


def since(start):
    wall, processor = now()
    return {"wall": 1000 * (wall - start[0]), "processor": 1000 * (processor - start[1])}


def load():
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def prompt_text(tokenizer):
    ids = tokenizer.encode(TEXT * (T // 16 + 1), add_special_tokens=False)[:T]
    text = tokenizer.decode(ids)
    assert tokenizer.encode(text, add_special_tokens=False) == ids
    return text


def random_ids(*shape):
    return torch.randint(100, 40_000, shape)


def lora():
    from peft import LoraConfig

    return LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")


def generate():
    """transformers' `generate`: P prompts, G samples each, temperature 1, no truncation of the distribution."""
    model, ids = load().eval(), random_ids(P, T)
    settings = dict(do_sample=True, temperature=1.0, top_k=0, top_p=1.0, min_new_tokens=N, max_new_tokens=N)

    def run():
        with torch.inference_mode():
            out = model.generate(ids, attention_mask=torch.ones_like(ids), num_return_sequences=G, **settings)
        assert out.shape == (P * G, T + N)

    return run


def log_probs(kept):
    """Log-probs of the last `kept` tokens of P * G different rows, a forward pass."""
    model, ids = load().eval(), random_ids(P * G, T + N)

    def run():
        with torch.inference_mode():
            logits = model(ids[:, :-1], logits_to_keep=kept, use_cache=False).logits
            chosen = logits.log_softmax(-1).gather(-1, ids[:, -kept:, None])[..., 0]
        assert chosen.shape == (P * G, kept)

    return run


def update():
    """One GRPO update by hand: LoRA, P * G full rows, logits of the completions, clip loss, AdamW."""
    from peft import get_peft_model

    model = get_peft_model(load(), lora()).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    ids = torch.cat((random_ids(P, T).repeat_interleave(G, 0), random_ids(P * G, N)), 1)
    advantages = (torch.arange(P * G) % 2 * 2 - 1).float()[:, None]

    def run():
        logits = model(input_ids=ids[:, :-1], logits_to_keep=N, use_cache=False).logits
        picked = logits.log_softmax(-1).gather(-1, ids[:, -N:, None])[..., 0]
        ratio = (picked - picked.detach()).exp()
        (-torch.min(ratio * advantages, ratio.clamp(0.8, 1.28) * advantages).mean()).backward()
        optimizer.step()
        optimizer.zero_grad()

    return run


def train(checkpointing=False, without_generate=False):
    """TRL's own trainer, a step a run: generate, reward, loss, backward, AdamW; what it generates for can be left out of its time."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    start, generated, scratch = [], [], tempfile.TemporaryDirectory()

    class OnDemand(TrainerCallback):
        def on_step_begin(self, args, state, control, **_):
            if not wait_for_run():
                sys.exit()
            start[:] = [now()]

        def on_step_end(self, args, state, control, **_):
            whole, left_out = since(start[0]), generated[0]
            reply({name: value - without_generate * left_out[name] for name, value in whole.items()})

    class Timed(GRPOTrainer):
        def _generate(self, *args, **settings):
            begin = now()
            result = super()._generate(*args, **settings)
            generated[:] = [since(begin)]
            return result

    tokenizer = AutoTokenizer.from_pretrained(folder)
    arguments = GRPOConfig(
        output_dir=scratch.name, use_cpu=True, bf16=False, per_device_train_batch_size=G, num_generations=G,
        gradient_accumulation_steps=1, max_completion_length=N, generation_kwargs={"min_new_tokens": N}, beta=0.0,
        temperature=1.0, learning_rate=1e-4, max_steps=1_000_000, gradient_checkpointing=checkpointing,
        save_strategy="no", logging_strategy="no", report_to=[], disable_tqdm=True,
    )
    Timed(
        model=load(), args=arguments, processing_class=tokenizer, peft_config=lora(), callbacks=[OnDemand()],
        train_dataset=Dataset.from_list([{"prompt": prompt_text(tokenizer)}] * 64),
        reward_funcs=lambda completion_ids, **_: [sum(i % 2 == 0 for i in ids) / len(ids) for ids in completion_ids],
    ).train()


works = {
    "generate": generate,
    "log-probs": lambda: log_probs(N),
    "update by hand": update,
    "about": lambda: about,
}
trainings = {
    "TRL": lambda: train(),
    "TRL, checkpointed": lambda: train(checkpointing=True),
    "TRL without generate": lambda: train(without_generate=True),
}
if work in trainings:
    trainings[work]()
else:
    run = works[work]()
    while wait_for_run():
        start = now()
        run()
        reply(since(start))
