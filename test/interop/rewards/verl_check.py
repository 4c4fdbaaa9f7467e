"""verl's loader of reward functions, its reward manager and its sandbox client, on the server through the shim."""
import asyncio
import os
import sys
import types
from functools import partial
from pathlib import Path

import torch

here = os.environ["PYTHONPATH"]


def package(name, **members):
    module = types.ModuleType(name)
    module.__path__ = [str(Path(here, *name.split(".")))]
    sys.modules[name] = module
    for key, value in members.items():
        setattr(module, key, value)


class Base:  # of verl.experimental.reward_loop.reward_manager.base, without its cluster
    def __init__(self, config, tokenizer, compute_score):
        self.config, self.tokenizer, self.loop = config, tokenizer, asyncio.get_event_loop()


package("verl", DataProto=object)
for name in ("experimental", "experimental.reward_loop", "trainer", "trainer.ppo", "utils"):
    package(f"verl.{name}")
package("verl.experimental.reward_loop.reward_manager", register=lambda name: lambda cls: cls)
package("verl.experimental.reward_loop.reward_manager.base", RewardManagerBase=Base)
package("verl.utils.reward_score", default_compute_score=None, get_default_compute_score=None)
sys.path.insert(0, here)
from verl.trainer.ppo.reward import get_custom_reward_fn  # noqa: E402
from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager  # noqa: E402
from verl.utils.reward_score.sandbox_fusion.utils import call_sandbox_api  # noqa: E402

given = {"path": str(Path(here, "msrl_verl.py")), "name": "compute_score"}
compute_score = get_custom_reward_fn(types.SimpleNamespace(reward={"custom_reward_function": given}))
texts = ["<think>so</think><answer>A</answer>", "<answer>B</answer>", ""]
tokenizer = types.SimpleNamespace(decode=lambda ids, skip_special_tokens: texts[int(ids[0])])


class Data(list):  # as much of DataProto as the manager reads
    def __getitem__(self, at):
        return Data(list.__getitem__(self, at)) if isinstance(at, slice) else list.__getitem__(self, at)


def item(at):
    batch = {"responses": torch.tensor([at, 7]), "attention_mask": torch.ones(4, dtype=torch.long)}
    rest = {"data_source": "pairs", "reward_model": {"ground_truth": "A"}, "extra_info": {"index": at}}
    return Data([types.SimpleNamespace(batch=batch, non_tensor_batch=rest)])


async def main():
    manager = NaiveRewardManager({}, tokenizer, compute_score)
    return [await manager.run_single(item(at)) for at in range(len(texts))]


found = asyncio.run(main())
assert found[0]["reward_score"] > found[1]["reward_score"] >= found[2]["reward_score"] == 0, found
keys = [sorted(each["reward_extra_info"]) for each in found]
assert keys[0] == ["accuracy", "failed", "format", "score", "vowels"] and keys.count(keys[0]) == 3, keys
assert all(isinstance(value, (int, float)) for each in found for value in each["reward_extra_info"].values())

url = f"{os.environ['MSRL_URL']}/run_code?token={os.environ['MSRL_TOKEN']}"
answer, error = call_sandbox_api(url, "print(1)", None, 5, 5, 64, "python")
assert error is None and answer["run_result"]["stdout"] == "print(1)", (answer, error)
print(f"NaiveRewardManager had 3 scores with {keys[0]}; call_sandbox_api had its answer")
