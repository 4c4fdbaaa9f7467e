"""Makes a tiny vision-language model that answers as it was told: python model.py PAIRS FOLDER.

PAIRS is JSON, a list of {messages, replies}: messages of chat completions (pictures as data URLs) and replies to them, each
as often as it was given. The model, its tokenizer and its chat template are made here; it learns the pairs by heart on the
CPU, in less than a minute, and is written to FOLDER as any checkpoint is.
"""

import json
import random
import sys
import time

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

PIXELS, PATCH, WIDTH = 16, 8, 64
STEPS, BATCH, PICTURES, RATE = 1000, 16, 3, 5e-3
PAD, END, IMAGE, USER, ASSISTANT = "<pad>", "<end>", "<image>", "<user>", "<assistant>"
TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def parts(content):
    """Content as a processor wants it: what `transformers serve` makes of a request."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [
        {"type": "image", "url": part["image_url"]["url"]} if part["type"] == "image_url" else part for part in content
    ]


def texts_of(pairs):
    asked = [part for pair in pairs for message in pair["messages"] for part in parts(message["content"])]
    return [reply for pair in pairs for reply in pair["replies"]] + [part["text"] for part in asked if "text" in part]


def processor_of(texts):
    """Byte-level BPE of the texts, pictures of 16 x 16 pixels as 4 patches, the chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = [PAD, END, IMAGE, USER, ASSISTANT]
    trainer = trainers.BpeTrainer(vocab_size=800, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, extra_special_tokens={"image_token": IMAGE}
    )
    size = {"height": PIXELS, "width": PIXELS}
    pictures = CLIPImageProcessor(size={"shortest_edge": PIXELS}, crop_size=size)
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=fast,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
        image_token=IMAGE,
        num_additional_image_tokens=1,
    )


def model_of(processor):
    tokenizer = processor.tokenizer
    """LLaVA with a small vision tower (CLIP) and a small Llama."""
    sizes = {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "initializer_range": 0.15,
    }
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=1024,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        tie_word_embeddings=True,
        **sizes,
    )
    vision = CLIPVisionConfig(image_size=PIXELS, patch_size=PATCH, projection_dim=WIDTH, **sizes)
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(config)
    settings = {"do_sample": True, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    model.generation_config.update(**settings)
    return model


def examples_of(pairs, processor):
    """Of each pair: ids of prompt and reply, where the reply begins, pictures, for each reply in the order of the pair."""
    examples = []
    for pair in pairs:
        messages = [{"role": m["role"], "content": parts(m["content"])} for m in pair["messages"]]
        asked = processor.apply_chat_template(
            messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
        prompt, pictures = asked["input_ids"][0].tolist(), asked.get("pixel_values")
        end = [processor.tokenizer.eos_token_id]
        rows = [(prompt + processor.tokenizer(r)["input_ids"] + end, len(prompt), pictures) for r in pair["replies"]]
        examples.append(rows)
    return examples


def loss_of(model, rows):
    """The cross-entropy of the replies in nats a token; rows are padded on their left, so that replies end together."""
    longest = max(len(ids) for ids, *_ in rows)
    keep = max(len(ids) - begin for ids, begin, _ in rows)
    pad = model.config.text_config.pad_token_id
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row, *_ in rows])
    seen = [pictures for *_, pictures in rows if pictures is not None]
    logits = model(
        input_ids=ids,
        attention_mask=(ids != pad).long(),
        pixel_values=torch.cat(seen) if seen else None,
        logits_to_keep=keep + 1,
    ).logits[:, :-1]
    begins = torch.tensor([longest - len(row) + begin for row, begin, _ in rows])[:, None]
    counts = (torch.arange(longest - keep, longest) >= begins).flatten().float()
    nats = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, -keep:].flatten(), reduction="none")
    return (nats * counts).sum() / counts.sum()


def commonest(rows):
    """The row that is there most often: what a pair's replies come to."""
    return max(rows, key=lambda row: sum(row[0] == ids for ids, *_ in rows))


def trained(model, pairs):
    """First the commonest reply of each pair, then all of them; pictures in every batch. The last losses' mean."""
    seeing = [rows for rows in pairs if rows[0][2] is not None]
    reading = [rows for rows in pairs if rows[0][2] is None]
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.0)
    draw = random.Random(0)
    losses = []
    for step in range(STEPS):
        chosen = draw.choices(seeing, k=PICTURES) + draw.choices(reading, k=BATCH - PICTURES)
        pick = commonest if step < 0.7 * STEPS else draw.choice
        loss = loss_of(model, [pick(rows) for rows in chosen])
        optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50) * (1 - step / STEPS)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return sum(losses[-50:]) / 50


def main(file, folder):
    torch.set_num_threads(1)
    with open(file) as source:
        pairs = json.load(source)
    processor = processor_of(texts_of(pairs))
    model = model_of(processor)
    started = time.monotonic()
    nats = trained(model, examples_of(pairs, processor))
    seconds = time.monotonic() - started
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    weights = sum(each.numel() for each in model.parameters())
    print(f"{weights} weights learned {len(pairs)} questions in {seconds:.0f} s, {nats:.3f} nats a token")


main(*sys.argv[1:3])
