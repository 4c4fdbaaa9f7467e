"""The works that are measured, in torch eager: each is a function without arguments that does the work once."""

import torch
from torch.nn import functional as F

from llama import Llama, transformers_llama


def prompts(config, sizes):
    return torch.randint(2, config["vocabularySize"], (sizes["prompts"], sizes["prompt"]))


def generate(config, sizes):
    """transformers' own `generate`, sampling at temperature 1 without truncation of the distribution."""
    model = transformers_llama(config).eval()
    ids = prompts(config, sizes)
    n = sizes["completion"]

    def run():
        with torch.inference_mode():
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0, top_p=1.0,
                min_new_tokens=n, max_new_tokens=n, num_return_sequences=sizes["samples"], use_cache=True,
            )
        assert out.shape == (ids.shape[0] * sizes["samples"], ids.shape[1] + n)

    return run


def cache_loop(config, sizes):
    """A loop over a cache of fixed size, written by hand; the prompt of a group is read once; log-probs are kept."""
    model = Llama(config).eval()
    ids = prompts(config, sizes)
    g, t, n = sizes["samples"], sizes["prompt"], sizes["completion"]
    rows = ids.shape[0] * g
    shape = (config["keyValueHeads"], t + n, config["headSize"])

    def run():
        with torch.inference_mode():
            first = [[torch.empty(ids.shape[0], *shape) for _ in range(2)] for _ in range(config["layers"])]
            logits = model(ids, slice(-1, None), first, 0)[:, -1].repeat_interleave(g, 0)
            caches = [[x.repeat_interleave(g, 0) for x in pair] for pair in first]
            tokens, log_probs = [], []
            for step in range(n):
                log_p = F.log_softmax(logits, -1)
                tokens.append(torch.multinomial(log_p.exp(), 1))
                log_probs.append(log_p.gather(1, tokens[-1]))
                if step + 1 < n:
                    logits = model(tokens[-1], slice(-1, None), caches, t + step)[:, -1]
            assert torch.cat(tokens, 1).shape == (rows, n) == torch.cat(log_probs, 1).shape

    return run


def trained(model, ids, forward, loss_of):
    """One optimizer step with clipping; `forward` gives the log-probs of the tokens that `loss_of` reads."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)

    def run():
        loss = loss_of(forward(ids))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return run


def selected(logits, targets):
    return F.log_softmax(logits, -1).gather(-1, targets[..., None])[..., 0]


def completion_log_probs(model, n, by_hand):
    """Log-probs of the last n tokens of each row; logits of no other position are computed."""
    def forward(ids):
        x = ids[:, :-1]
        logits = model(x, slice(-n, None)) if by_hand else model(x, logits_to_keep=n, use_cache=False).logits
        return selected(logits, ids[:, -n:])

    return forward


def step(config, sizes, by_hand):
    """Plain training: cross-entropy over the completions."""
    model = Llama(config) if by_hand else transformers_llama(config)
    length = sizes["prompt"] + sizes["completion"]
    ids = torch.randint(0, config["vocabularySize"], (sizes["prompts"] * sizes["samples"], length))
    return trained(model, ids, completion_log_probs(model, sizes["completion"], by_hand), lambda p: -p.mean())


def update(config, sizes, by_hand):
    """GRPO over G full rows a prompt, the prompt repeated in each."""
    model = Llama(config) if by_hand else transformers_llama(config)
    g = sizes["samples"]
    heads = prompts(config, sizes).repeat_interleave(g, 0)
    tails = torch.randint(0, config["vocabularySize"], (heads.shape[0], sizes["completion"]))
    advantages = (torch.arange(heads.shape[0]) % 2 * 2 - 1).float()[:, None]

    def loss_of(log_probs):
        ratio = (log_probs - log_probs.detach()).exp()
        return -torch.min(ratio * advantages, ratio.clamp(0.8, 1.28) * advantages).mean()

    return trained(model, torch.cat((heads, tails), 1), completion_log_probs(model, sizes["completion"], by_hand), loss_of)


makers = {
    "rollout": {"generate": generate, "cache loop": cache_loop},
    "step": {"transformers": lambda c, s: step(c, s, False), "by hand": lambda c, s: step(c, s, True)},
    "update": {"transformers": lambda c, s: update(c, s, False), "by hand": lambda c, s: update(c, s, True)},
}
