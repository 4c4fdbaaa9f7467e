"""The official Python client of the Tinker API: answers JSON lines {"verb": "step", "rows", "prompt", "completion", "path"} with milliseconds of a step."""

import json
import os
import sys
import time

import tinker
import torch
from tinker import types

service = tinker.ServiceClient(base_url=sys.argv[1], api_key="tml-bench")
training = service.create_lora_training_client(base_model=sys.argv[2], rank=4)
adam = types.AdamParams(learning_rate=1e-4, beta1=0.9, beta2=0.999, eps=1e-8)


def tensor(values, dtype):
    return types.TensorData(data=values, dtype=dtype, shape=[len(values)])


def datum(row, prompt, completion, path):
    ids = [1 + (7 * row + 3 * at) % 300 for at in range(prompt + completion)]
    targets = ids[1:]
    behind = [0.0] * (prompt - 1)
    inputs = {"target_tokens": tensor(targets, "int64")}
    if path == "own":
        inputs["logprobs"] = tensor(behind + [-5.0] * completion, "float32")
        inputs["advantages"] = tensor(behind + [1.0 if row % 2 else -0.5] * completion, "float32")
    else:
        inputs["weights"] = tensor(behind + [1.0] * completion, "float32")
    return types.Datum(model_input=types.ModelInput.from_ints(ids[:-1]), loss_fn_inputs=inputs)


def loss(data, log_probs):
    total = sum(-(lp * (1.0 if row % 2 else -0.5)).sum() for row, lp in enumerate(log_probs))
    return total / len(data), {}


def step(ask):
    data = [datum(row, ask["prompt"], ask["completion"], ask["path"]) for row in range(ask["rows"])]
    start = time.perf_counter()
    if ask["path"] == "own":
        passed = training.forward_backward(data, "ppo")
    else:
        passed = training.forward_backward_custom(data, loss)
    stepped = training.optim_step(adam)
    passed.result()
    stepped.result()
    return {"wall": 1000 * (time.perf_counter() - start), "client": tinker.__version__}


out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the client prints is no answer
for line in sys.stdin:
    try:
        answer = step(json.loads(line))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), file=out, flush=True)
os._exit(0)  # its heartbeat would wait
