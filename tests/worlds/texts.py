"""Tiny models of text: folders as transformers and sentence-transformers save them, random but seeded."""

from __future__ import annotations

import atexit
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from shutil import rmtree
from string import ascii_lowercase, digits, punctuation
from tempfile import mkdtemp

#: All the words that a tiny sentence model knows.
WORDS = ["ship", "moon", "storm", "love", "bread", "rose", "night", "road"]
TINY_PIECES = 16  # a tiny sentence model takes 14 words and its two marks
_MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
#: A tiny BERT knows some words whole, and any other in lower-case Latin letters one by one.
LETTERS = [*ascii_lowercase, *digits, *(f"##{letter}" for letter in ascii_lowercase + digits), *punctuation]


def write(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def save_tokenizer(folder: Path, words: Sequence[str]) -> int:
    """A WordPiece tokenizer as BERT's, in lower case, of these words; gives the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    folder.mkdir(exist_ok=True)
    vocabulary = {word: i for i, word in enumerate([*_MARKS, *dict.fromkeys(words)])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    marks = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    write(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", **marks})
    return len(vocabulary)


def save_sentence(folder: Path, *, seed: int, hidden_size: int = 32) -> Path:
    """A BERT of two layers with random weights, in a folder as sentence-transformers saves one."""
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=save_tokenizer(folder, [".", *WORDS]),
        hidden_size=hidden_size,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    write(folder / "sentence_bert_config.json", {"max_seq_length": TINY_PIECES, "do_lower_case": False})
    modules = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    write(
        folder / "modules.json",
        [{"path": path, "type": f"sentence_transformers.models.{kind}"} for kind, path in modules],
    )
    write(folder / "1_Pooling" / "config.json", {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True})
    return folder


def save_bert(folder: Path, *, seed: int = 6) -> Path:
    """Three layers with the heads of pre-training on top, as published."""
    import torch
    from transformers import BertConfig, BertForPreTraining

    config = BertConfig(
        vocab_size=save_tokenizer(folder, [*WORDS, *LETTERS]),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=160,
        # Ten times as far apart as weights are drawn for training, so that layers differ.
        initializer_range=0.2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertForPreTraining(config).save_pretrained(folder)
    return folder


@lru_cache(maxsize=1)
def tiny_bert() -> Path:
    """The folder of one tiny BERT, made once. Not to be changed."""
    from triptych.features.backbones.running import quiet

    at = Path(mkdtemp(prefix="triptych-bert-"))
    atexit.register(rmtree, at)
    with quiet():
        return save_bert(at / "bert")
