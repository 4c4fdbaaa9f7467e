"""A Llama-shaped decoder written by hand in torch: the layers of transformers' model without its bookkeeping."""

import torch
from torch import nn
from torch.nn import functional as F


def rotate(x, cos, sin):
    """Turns the halves of each head, [B, H, T, D], by the angles of their positions, [T, D / 2]."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads, self.kv_heads, self.size = c["heads"], c["keyValueHeads"], c["headSize"]
        width, linear = c["hiddenSize"], lambda a, b: nn.Linear(a, b, bias=False)
        self.q = linear(width, self.heads * self.size)
        self.kv = linear(width, 2 * self.kv_heads * self.size)
        self.o = linear(self.heads * self.size, width)

    def forward(self, x, cos, sin, cache=None, at=0):
        b, t, _ = x.shape
        q = rotate(self.q(x).view(b, t, self.heads, self.size).transpose(1, 2), cos, sin)
        k, v = self.kv(x).view(b, t, 2 * self.kv_heads, self.size).transpose(1, 2).chunk(2, dim=1)
        k = rotate(k, cos, sin)
        if cache is not None:
            cache[0][:, :, at : at + t], cache[1][:, :, at : at + t] = k, v
            k, v = cache[0][:, :, : at + t], cache[1][:, :, : at + t]
        shared = self.heads != self.kv_heads
        y = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1, enable_gqa=shared)
        return self.o(y.transpose(1, 2).reshape(b, t, -1))


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, inner = c["hiddenSize"], c["intermediateSize"]
        self.norm1, self.norm2 = (nn.RMSNorm(width, eps=c["normEpsilon"]) for _ in range(2))
        self.attention = Attention(c)
        self.gate, self.up = (nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down = nn.Linear(inner, width, bias=False)

    def forward(self, x, cos, sin, cache=None, at=0):
        x = x + self.attention(self.norm1(x), cos, sin, cache, at)
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Llama(nn.Module):
    """Token ids [B, T] to logits [B, T', V] of the positions that `logits` (a slice of T) picks."""

    def __init__(self, c):
        super().__init__()
        half = c["headSize"] // 2
        angles = torch.outer(
            torch.arange(c["contextLength"]).float(), c["ropeTheta"] ** (-torch.arange(half).float() / half)
        )
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        self.embed = nn.Embedding(c["vocabularySize"], c["hiddenSize"])
        self.layers = nn.ModuleList(Layer(c) for _ in range(c["layers"]))
        self.norm = nn.RMSNorm(c["hiddenSize"], eps=c["normEpsilon"])
        self.head = nn.Linear(c["hiddenSize"], c["vocabularySize"], bias=False)

    def forward(self, ids, logits=slice(None), caches=None, at=0):
        t = ids.shape[1]
        cos, sin = self.cos[at : at + t], self.sin[at : at + t]
        x = self.embed(ids)
        for i, layer in enumerate(self.layers):
            x = layer(x, cos, sin, caches[i] if caches is not None else None, at)
        return self.head(self.norm(x)[:, logits])


def transformers_llama(c):
    """The same shape as transformers has it."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=c["vocabularySize"],
            hidden_size=c["hiddenSize"],
            intermediate_size=c["intermediateSize"],
            num_hidden_layers=c["layers"],
            num_attention_heads=c["heads"],
            num_key_value_heads=c["keyValueHeads"],
            head_dim=c["headSize"],
            max_position_embeddings=c["contextLength"],
            rms_norm_eps=c["normEpsilon"],
            tie_word_embeddings=False,
            attn_implementation="sdpa",
            rope_parameters={"rope_type": "default", "rope_theta": c["ropeTheta"]},
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=None,
        )
    )
