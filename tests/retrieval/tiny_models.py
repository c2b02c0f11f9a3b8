"""Tiny checkpoints with random weights, laid out as the published ones are."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder
from sentence_transformers.base.modules import Transformer
from sentence_transformers.cross_encoder.modules import LogitScore
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
)

ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
QWEN_TOKENS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
QWEN_TEMPLATE = """{%- if messages[0].role != 'system' %}<|im_start|>system
Represent the input.<|im_end|>
{% endif %}{%- for message in messages %}<|im_start|>{{ message.role }}
{% if message.content is string %}{{ message.content }}{% else %}{% for item in message.content -%}
{%- if item.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ item.text }}{% endif %}
{%- endfor %}{% endif %}<|im_end|>
{% endfor %}<|im_start|>assistant
<|endoftext|>"""


def byte_tokenizer(special: list[str]) -> Tokenizer:
    """One token per byte."""
    tokenizer = Tokenizer(models.BPE({token: row for row, token in enumerate([*ALPHABET, *special])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    return tokenizer


def token_id(tokenizer: Tokenizer, token: str) -> int:
    found = tokenizer.token_to_id(token)
    assert found is not None
    return int(found)


def make_clip(folder: Path, seed: int = 0) -> Path:
    """A CLIP of 0.06 M parameters, its image side 32 px, in bfloat16 like many published checkpoints."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer(["<s>", "</s>"])
    start, end = token_id(tokenizer, "<s>"), token_id(tokenizer, "</s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", start), ("</s>", end)]
    )
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **size,
            "vocab_size": len(ALPHABET) + 2,
            "max_position_embeddings": 64,
            "bos_token_id": start,
            "eos_token_id": end,
            "pad_token_id": end,
        },
        vision_config={**size, "image_size": 32, "patch_size": 8},
        projection_dim=24,
    )
    CLIPModel(config).bfloat16().save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>", model_max_length=64
    )
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    CLIPProcessor(image_processor=pictures, tokenizer=fast).save_pretrained(folder)
    return folder


def make_siglip(folder: Path, seed: int = 0) -> Path:
    """A SigLIP, which pools the last position of a text that must be padded to its full length."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer(["</s>"])
    end = token_id(tokenizer, "</s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", end)])
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {"vocab_size": len(ALPHABET) + 1, "max_position_embeddings": 48, "eos_token_id": end, "pad_token_id": end}
    config = SiglipConfig(
        text_config={**size, **text, "bos_token_id": end}, vision_config={**size, "image_size": 32, "patch_size": 8}
    )
    SiglipModel(config).save_pretrained(folder)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>", model_max_length=48)
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    SiglipProcessor(image_processor=pictures, tokenizer=fast).save_pretrained(folder)
    return folder


def make_cross_encoder(folder: Path, seed: int = 0) -> Path:
    """A text reranker: BERT with one score."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer(["[CLS]", "[SEP]", "[PAD]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, token_id(tokenizer, token)) for token in ("[CLS]", "[SEP]")],
    )
    config = BertConfig(
        vocab_size=len(ALPHABET) + 3,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        num_labels=1,
        pad_token_id=token_id(tokenizer, "[PAD]"),
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", model_max_length=128
    ).save_pretrained(folder)
    return folder


def make_qwen3_vl(folder: Path, seed: int = 0) -> Path:
    """A generation checkpoint of Qwen3-VL's architecture, its files named and filled as the published ones are."""
    torch.manual_seed(seed)
    tokenizer = byte_tokenizer(QWEN_TOKENS)
    ids = {token: token_id(tokenizer, token) for token in QWEN_TOKENS}
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(ALPHABET) + len(QWEN_TOKENS),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 1e4,
                "mrope_section": [4, 2, 2],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "patch_size": 8,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "out_hidden_size": 32,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", model_max_length=4096
    )
    fast.save_pretrained(folder)
    pictures = Qwen2VLImageProcessor(patch_size=8, size={"shortest_edge": 1024, "longest_edge": 4096})
    pictures.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(QWEN_TEMPLATE, encoding="utf-8")
    _edit(
        folder / "preprocessor_config.json",
        processor_class="Qwen3VLProcessor",
        image_processor_type="Qwen2VLImageProcessorFast",
    )
    _edit(folder / "tokenizer_config.json", processor_class="Qwen3VLProcessor")
    video = json.loads((folder / "preprocessor_config.json").read_text(encoding="utf-8"))
    video["video_processor_type"] = "Qwen3VLVideoProcessor"
    (folder / "video_preprocessor_config.json").write_text(json.dumps(video), encoding="utf-8")
    return folder


def make_qwen_reranker(folder: Path, base: Path) -> Path:
    """A multimodal CrossEncoder with the logits of two answers, on a folder of `make_qwen3_vl`."""
    from retrieval.checkpoints import staged
    from retrieval.qwen_vl import register_processors

    register_processors()
    with staged(base, drop_processor_class=True) as plain:
        backbone = Transformer(str(plain), transformer_task="any-to-any")
        yes, no = backbone.tokenizer.convert_tokens_to_ids(["y", "n"])
        backbone.processor.chat_template = backbone.tokenizer.chat_template = QWEN_TEMPLATE
        CrossEncoder(modules=[backbone, LogitScore(yes, no)], num_labels=1, device="cpu").save_pretrained(str(folder))
    return folder


def _edit(path: Path, **changes: object) -> None:
    data = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(data), encoding="utf-8")
