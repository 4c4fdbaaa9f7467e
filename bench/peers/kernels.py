"""Answers JSON lines as peer.py does, for kernels: the way TRL computes each in torch, its formulas written out."""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

torch.manual_seed(1)
ready = {}


def selective_log_softmax(logits, index):
    """trl.trainer.utils.selective_log_softmax in float32: one logsumexp a row of the batch, for the sake of memory."""
    selected = torch.gather(logits, -1, index.unsqueeze(-1)).squeeze(-1)
    return selected - torch.stack([torch.logsumexp(row, dim=-1) for row in logits])


def entropy_from_logits(logits, chunk_size=128):
    """trl.trainer.utils.entropy_from_logits: log-softmax of 128 rows at a time."""
    entropies = []
    for chunk in logits.reshape(-1, logits.shape[-1]).split(chunk_size):
        logps = F.log_softmax(chunk, dim=-1)
        entropies.append(-(torch.exp(logps) * logps).sum(-1))
    return torch.cat(entropies).reshape(logits.shape[:-1])


def grpo(logps, old, advantages, mask):
    """GRPOTrainer._compute_loss at loss type grpo, clipped at 0.2 below and 0.28 above, with its three clip metrics."""
    ratio = torch.exp(logps - old)
    per_token = -torch.min(ratio * advantages, torch.clamp(ratio, 0.8, 1.28) * advantages)
    loss = ((per_token * mask).sum(-1) / mask.sum(-1).clamp(min=1.0)).mean()
    low, high = (ratio < 0.8) & (advantages < 0), (ratio > 1.28) & (advantages > 0)
    metrics = [((clipped.float() * mask).sum() / mask.sum().clamp(min=1.0)).item() for clipped in (low, high, low | high)]
    return loss, metrics


def generalized_jsd(student, teacher, beta=0.5):
    """GKDTrainer.generalized_jsd_loss at temperature 1, a mean over tokens."""
    student, teacher = F.log_softmax(student, dim=-1), F.log_softmax(teacher, dim=-1)
    b = torch.tensor(beta)
    mixture = torch.logsumexp(torch.stack([student + torch.log(1 - b), teacher + torch.log(b)]), dim=0)
    to_teacher = F.kl_div(mixture, teacher, reduction="none", log_target=True)
    to_student = F.kl_div(mixture, student, reduction="none", log_target=True)
    return (b * to_teacher + (1 - b) * to_student).sum() / (student.shape[0] * student.shape[1])


def shape(sizes):
    return sizes["batch"], sizes["time"], sizes["vocabulary"]


def tokens(sizes):
    b, t, v = shape(sizes)
    return torch.randint(0, v, (b, t)), -torch.rand(b, t), torch.randn(b, 1), torch.ones(b, t)


def log_probs(sizes):
    logits, index = 8 * torch.rand(*shape(sizes)), tokens(sizes)[0]
    return torch.no_grad()(lambda: selective_log_softmax(logits, index))


def entropy(sizes):
    logits = 8 * torch.rand(*shape(sizes))
    return torch.no_grad()(lambda: entropy_from_logits(logits))


def grpo_gradient(sizes):
    _, old, advantages, mask = tokens(sizes)
    logps = (old + 0.1 * torch.randn_like(old)).requires_grad_(True)
    return lambda: torch.autograd.grad(grpo(logps, old, advantages, mask)[0], logps)


def hidden_loss(sizes):
    b, t, v = shape(sizes)
    index, old, advantages, mask = tokens(sizes)
    head = torch.rand(v, sizes["width"]) - 0.5
    hidden = (torch.rand(b, t, sizes["width"]) - 0.5).requires_grad_(True)

    def run():
        logps = selective_log_softmax(F.linear(hidden, head), index)
        return torch.autograd.grad(grpo(logps, logps.detach(), advantages, mask)[0], hidden)

    return run


def jsd(sizes):
    student = (8 * torch.rand(*shape(sizes))).requires_grad_(True)
    teacher = 8 * torch.rand(*shape(sizes))
    return lambda: torch.autograd.grad(generalized_jsd(student, teacher), student)


def hidden_jsd(sizes):
    b, t, v = shape(sizes)
    student = (torch.rand(b, t, sizes["width"]) - 0.5).requires_grad_(True)
    teacher = torch.rand(b, t, sizes["width"]) - 0.5
    heads = [torch.rand(v, sizes["width"]) - 0.5 for _ in range(2)]

    def run():
        with torch.no_grad():
            wanted = F.linear(teacher, heads[1])
        return torch.autograd.grad(generalized_jsd(F.linear(student, heads[0]), wanted), student)

    return run


def group_relative(sizes):
    rewards = torch.rand(sizes["batch"])

    def run():
        groups = rewards.view(-1, 8)
        mean, std = groups.mean(dim=1).repeat_interleave(8), groups.std(dim=1).repeat_interleave(8)
        return (rewards - mean) / (std + 1e-4)

    return run


makers = {
    "log-probs": log_probs,
    "entropy": entropy,
    "GRPO and gradient": grpo_gradient,
    "loss from hidden states": hidden_loss,
    "JSD and gradient": jsd,
    "JSD from hidden states": hidden_jsd,
    "groupRelative": group_relative,
}


def about(_):
    return {"torch": torch.__version__, "threads": torch.get_num_threads()}


def run(ask):
    """Milliseconds of one run on the clock and of processor time; what it reads is made when it is first asked for."""
    key = json.dumps([ask["kernel"], ask["sizes"]])
    if key not in ready:
        ready.clear()
        ready[key] = makers[ask["kernel"]](ask["sizes"])
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
