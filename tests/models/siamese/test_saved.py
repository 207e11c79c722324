"""A network on disk comes back bit for bit, embeds items that come later, and says when it cannot."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.siamese.test_network import content, small
from triptych.errors import TrainingError, UsageError
from triptych.models import archive
from triptych.models.siamese import saved
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.saved import Saved
from triptych.spaces.blocks import Blocks


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Saved, Blocks, Path]:
    blocks = content(40)
    net = small(Inputs.of_blocks(blocks), fusion="hybrid", forgetting=0.1).train()
    for _ in range(3):
        net(Inputs.of_blocks(blocks))  # moves the statistics of its normalisations
    made = Saved(net=net, features=saved.features_of(blocks), notes={"name": "small"})
    saved.write(tmp_path / "net", made)
    return made, blocks, tmp_path / "net"


def test_it_embeds_as_before_and_one_item_as_among_many(kept: tuple[Saved, Blocks, Path]) -> None:
    made, blocks, folder = kept
    back = saved.read(folder)
    vectors, mask = made.embed(blocks)
    again, same_mask = back.embed(blocks)
    assert np.array_equal(vectors, again)
    assert np.array_equal(mask, same_mask)
    assert np.array_equal(mask, blocks.mask.any(axis=1))
    for item in (3, 17, 39):
        assert np.array_equal(back.embed(blocks.rows(np.array([item])))[0], vectors[[item]])
    assert back.features == made.features
    assert back.notes == {"name": "small"}
    assert back.net.plan == made.net.plan
    assert all(torch.equal(one, back.net.state_dict()[name]) for name, one in made.net.state_dict().items())


def test_other_content_is_refused_and_more_is_passed_over(kept: tuple[Saved, Blocks, Path]) -> None:
    made, blocks, _ = kept
    more = Blocks(
        panels=(*blocks.panels, "reading"),
        names=(*blocks.names, "more"),
        values=(*blocks.values, np.ones((40, 2), np.float32)),
        mask=np.hstack([blocks.mask, np.ones((40, 1), bool)]),
    )
    assert np.array_equal(made.embed(more)[0], made.embed(blocks)[0])
    for wrong in (
        replace(blocks, names=("other", *blocks.names[1:])),
        replace(blocks, values=(np.ones((40, 7), np.float32), *blocks.values[1:])),
    ):
        with pytest.raises(UsageError, match="seeing"):
            made.embed(wrong)


def test_what_is_damaged_or_not_there_is_told(kept: tuple[Saved, Blocks, Path], tmp_path: Path) -> None:
    _, _, folder = kept
    with pytest.raises(UsageError, match="no trained network"):
        saved.read(tmp_path / "nowhere")
    manifest = folder / archive.MANIFEST
    text = manifest.read_text()
    manifest.write_text(text[:-20])
    with pytest.raises(TrainingError, match="cannot be read"):
        saved.read(folder)
    manifest.write_text(json.dumps({**json.loads(text), "kind": "something else"}))
    with pytest.raises(UsageError, match="not of a triptych siamese network"):
        saved.read(folder)
    manifest.write_text(text)
    tensors = folder / archive.TENSORS
    body = bytearray(tensors.read_bytes())
    body[-1] ^= 1
    tensors.write_bytes(body)
    with pytest.raises(TrainingError, match="not as they were written"):
        saved.read(folder)
