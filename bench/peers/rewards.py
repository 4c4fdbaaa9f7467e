"""The three functions of MSRL's released plugin, by the same patterns, called the same way: whole lists, one function after another.

Answers JSON lines with the times of `repeats` calls on given completions; with `serve PORT` it is a server instead: FastAPI
with one worker, OpenRLHF's remote reward as its own example writes one, whatever the body holds; with `check` the body has to be of its type, as FastAPI's pages write one, and as ours has;
with `standard` it has the C parts of uvicorn[standard]."""

import json
import re
import sys
import time

flags = re.DOTALL | re.IGNORECASE


def inside(text, tag):
    match = re.search(rf"<{tag}>(.*?)</{tag}>", text, flags)
    return match.group(1).strip() if match else ""


def label_of(text):
    text = str(text).strip()
    return (inside(text, "answer") or text).strip().upper()


def task_of(text):
    text = str(text).strip().lower()
    return " ".join((inside(text, "type") or text).replace("_", " ").replace("-", " ").split())


def form(completions):
    think, answer = r"<think>.*?</think>", r"<answer>.*?</answer>"
    return [1.0 if bool(re.search(think, c, flags)) and bool(re.search(answer, c, flags)) else 0.0 for c in completions]


def accuracy(completions, labels):
    pairs = [(label_of(c), label_of(gold)) for c, gold in zip(completions, labels)]
    return [1.0 if found == gold and found != "" else 0.0 for found, gold in pairs]


def task(completions, tasks):
    pairs = [(task_of(c), task_of(gold)) for c, gold in zip(completions, tasks)]
    return [0.2 if found == gold and found != "" else 0.0 for found, gold in pairs]


def answer_lines():
    for line in sys.stdin:
        ask = json.loads(line)
        completions, labels = ask["completions"], ask["labels"]
        tasks = [ask["task"]] * len(completions)
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(ask["repeats"]):
            form(completions), accuracy(completions, labels), task(completions, tasks)
        times = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
        print(json.dumps({name: 1000 * seconds for name, seconds in times.items()}), flush=True)


def serve(port, standard, check):
    import uvicorn
    from fastapi import FastAPI, Request
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel

    class Gold(BaseModel):
        label: str
        task: str

    class Batch(BaseModel):
        query: list[str]
        prompts: list[str]
        labels: list[Gold]

    app = FastAPI()

    def scored(queries, prompts, golds):
        completions = [query[len(prompt) :] for query, prompt in zip(queries, prompts)]
        parts = {
            "accuracy": accuracy(completions, [label for label, _ in golds]),
            "format": form(completions),
            "task": task(completions, [name for _, name in golds]),
        }
        rewards = [a + 0.2 * f + t for a, f, t in zip(*parts.values())]
        return JSONResponse({"rewards": rewards, "scores": rewards, "extra_logs": parts})

    async def unchecked(request: Request):
        data = await request.json()
        return scored(data["query"], data["prompts"], [(gold["label"], gold["task"]) for gold in data["labels"]])

    async def checked(batch: Batch):
        return scored(batch.query, batch.prompts, [(gold.label, gold.task) for gold in batch.labels])

    app.post("/get_reward")(checked if check else unchecked)
    kind = {} if standard else {"loop": "asyncio", "http": "h11"}  # without the extra packages of uvicorn[standard]
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, **kind)


if sys.argv[1:2] == ["serve"]:
    serve(int(sys.argv[2]), "standard" in sys.argv[3:], "check" in sys.argv[3:])
else:
    answer_lines()
