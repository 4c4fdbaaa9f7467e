"""OpenRLHF's own executor and HTTP client; a stand-in for vLLM gives the tokens, everything after them is theirs."""
import asyncio
import os
from types import SimpleNamespace

import torch
from openrlhf.utils.agent import SingleTurnAgentExecutor
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(os.environ["MSRL_MODEL"])
url = f"{os.environ['MSRL_URL']}/get_reward?token={os.environ['MSRL_TOKEN']}"  # it sends no headers of its own
prompt = tokenizer.apply_chat_template([{"role": "user", "content": "A or B?"}], tokenize=False, add_generation_prompt=True)


class Engine:
    def __init__(self, text):
        ids = tokenizer(text=text, add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
        self.output = SimpleNamespace(token_ids=ids, text=text, finish_reason="stop", logprobs=None)

    async def generate(self, prompt_ids, params, multi_modal_data=None):
        return SimpleNamespace(outputs=[self.output])


def execute(text, label, urls, max_length=512):
    params = SimpleNamespace(max_tokens=200, logprobs=None)
    executor = SingleTurnAgentExecutor(urls)
    return asyncio.run(executor.execute(prompt, label, params, max_length, tokenizer, Engine(text)))


form = "<think>so</think><answer>{}</answer>"
told = tokenizer.decode(tokenizer(text=form.format("A"), add_special_tokens=False)["input_ids"])
assert told == form.format("A"), f"the tokenizer does not keep the text: {told}"
keys = None
for urls in (url, [url, url], [url, url, url]):
    for answer, label, accuracy in (("A", "A", 1), ("B", "A", 0), ("B", {"label": "B"}, 1)):
        for length in (512, 210):  # the second cuts the prompt's beginning off
            found = execute(form.format(answer), label, urls, length)
            logs = found["extra_logs"]
            assert isinstance(found["reward"], list) and found["scores"] == found["reward"], found
            assert (logs["accuracy"], logs["format"], logs["failed"]) == ([accuracy], [1], [0]), (found, length)
            keys = keys or sorted(logs)
            assert sorted(logs) == keys
            for values in [found["reward"], *logs.values()]:
                assert torch.tensor(values, dtype=torch.float32).shape == (1,)
print(f"SingleTurnAgentExecutor had 18 rewards over 1, 2 and 3 addresses, extra_logs {keys}")
