"""Answers JSON lines: {"verb": "about" | "run" | "memory", ...} with what was asked for; runs are timed in here."""

import json
import resource
import sys
import time

import torch
import transformers

from works import makers

transformers.logging.set_verbosity_error()
torch.manual_seed(1)
ready = {}


def about(_):
    return {"torch": torch.__version__, "transformers": transformers.__version__, "threads": torch.get_num_threads()}


def run(ask):
    """Milliseconds of one run of a work, on the clock and of processor time; the model is made when the work is first asked for."""
    key = (ask["subject"], ask["work"], ask["peer"])
    if key not in ready:
        ready[key] = makers[ask["work"]][ask["peer"]](ask["config"], ask["sizes"])
    wall, processor = time.perf_counter(), time.process_time()
    ready[key]()
    return {"wall": 1000 * (time.perf_counter() - wall), "processor": 1000 * (time.process_time() - processor)}


def memory(_):
    """The most resident memory so far, in MB."""
    return {"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


verbs = {"about": about, "run": run, "memory": memory}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = verbs[asked["verb"]](asked)
    except Exception as error:  # the bench prints it and goes on without this peer
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
