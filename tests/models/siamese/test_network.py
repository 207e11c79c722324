"""Networks have the parameters of Table D.1, line by line; and place an item the same whoever comes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.models.siamese.test_towers import paper
from triptych.errors import UnknownName, UsageError
from triptych.models.siamese import presets
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.network import OUTPUTS, Network, Plan, blank, kept, parameters
from triptych.spaces.blocks import Blocks

#: Table D.1: triplet-cosine.
TABLE = [
    ("visual_module", "", "[B, 256]", 113_280),
    ("visual_module", "frame_fusion_mlp", "[B, 192]", 111_360),
    ("visual_module", "low_level_projection", "[B, 64]", 384),
    ("visual_module", "(fine-tuned DINOv2 norm)", "(internal)", 768),
    ("visual_module", "(other LayerNorm)", "(internal)", 768),
    ("audio_module", "", "[B, 192]", 110_304),
    ("audio_module", "spec_cnn", "[B, 64]", 23_520),
    ("audio_module", "fusion", "[B, 192]", 49_728),
    ("audio_module", "temporal_pooling", "[B, 192]", 37_056),
    ("text_module", "", "[B, 384]", 828_876),
    ("text_module", "tfidf_projection", "[B, 100]", 500_100),
    ("text_module", "tfidf_norm", "[B, 100]", 200),
    ("text_module", "language_embedding", "[B, 16]", 2_560),
    ("text_module", "fusion", "[B, 384]", 326_016),
    ("fusion_network (Simple)", "", "[B, 128]", 401_568),
    ("total", "", "[B, 128]", 1_454_028),
]


def rows(lines: list[dict[str, Any]]) -> list[tuple[str, str, str, int]]:
    return [(one["module"], one["part"], one["shape"], one["parameters"]) for one in lines]


def content(n: int = 20, *, lacking: float = 0.3, seed: int = 0) -> Blocks:
    rng = np.random.default_rng(seed)
    mask = rng.random((n, 3)) >= lacking
    widths = (6, 5, 4)
    values = tuple(
        np.where(mask[:, [k]], rng.normal(size=(n, width)), 0).astype(np.float32) for k, width in enumerate(widths)
    )
    return Blocks(panels=("seeing", "hearing", "reading"), values=values, mask=mask)


def small(inputs: Inputs, **changes: Any) -> Network:
    torch.manual_seed(0)
    sizes = {"outputs": dict.fromkeys(OUTPUTS, 16), "hidden": dict.fromkeys(OUTPUTS, 16)}
    return Network(Plan(**{"widths": inputs.widths, "width": 12, **sizes, **changes}))


def test_the_parameters_are_those_of_the_table() -> None:
    assert rows(presets.table("triplet-cosine")) == TABLE


@pytest.mark.parametrize(
    ("name", "fusion", "total"),
    [
        ("pair-cosine", ("fusion_network (Hybrid)", 1_120_384), 2_172_844),
        ("pair-euclidean", ("fusion_network (Simple)", 401_568), 1_454_028),
        ("triplet-euclidean", ("fusion_network (UltraSimple)", 108_288), 1_160_748),
    ],
)
def test_the_other_three_differ_by_their_fusion_alone(name: str, fusion: tuple[str, int], total: int) -> None:
    lines = rows(presets.table(name))
    assert lines[:-2] == TABLE[:-2]
    assert [(one[0], one[3]) for one in lines[-2:]] == [fusion, ("total", total)]
    with pytest.raises(UnknownName, match="pair-cosine"):
        presets.table("pair-cosin")


def test_lines_of_a_module_add_up_and_a_blank_network_has_those_of_a_real_one() -> None:
    net = small(Inputs.of_blocks(content()))
    lines = parameters(net)
    assert lines == parameters(blank(net.plan))
    for module in ("visual_module", "audio_module", "text_module"):
        whole, *parts = [one["parameters"] for one in lines if one["module"] == module]
        assert whole == sum(parts)
    assert lines[-1]["parameters"] == sum(one.numel() for one in net.parameters())


@pytest.mark.parametrize("fusion", ["hybrid", "simple", "ultra-simple"])
def test_cosine_networks_give_unit_vectors_and_euclidean_ones_do_not(fusion: str) -> None:
    inputs = Inputs.of_paper(paper(4))
    for metric in ("cosine", "euclidean"):
        torch.manual_seed(0)
        lengths = Network(Plan(fusion=fusion, metric=metric)).embed(inputs).norm(dim=1)
        assert torch.allclose(lengths, torch.ones(4), atol=1e-5) == (metric == "cosine")


def test_an_item_is_placed_the_same_whoever_comes_with_it() -> None:
    inputs = Inputs.of_blocks(content(150))
    net = small(inputs)
    all_of_them = net.embed(inputs)
    some = torch.tensor([149, 3, 70, 3])
    assert torch.equal(net.embed(inputs.take(some)), all_of_them[some])
    assert torch.equal(net.train().embed(inputs), all_of_them)
    assert net.training
    bare = ~inputs.present.any(dim=1)
    assert bool(bare.any())
    assert torch.equal(all_of_them[bare], torch.zeros(int(bare.sum()), 12))


def test_a_panel_that_a_catalogue_lacks_has_no_tower() -> None:
    blocks = content()
    inputs = Inputs.of_blocks(blocks).only(("hearing", "reading"))
    net = small(inputs)
    assert [name for name, _ in net.named_children()] == ["hearing", "reading", "fusion"]
    with pytest.raises(UsageError, match="seeing"):
        net.embed(Inputs.of_blocks(blocks))
    with pytest.raises(UsageError, match="simple"):
        small(inputs.only(("reading",)), fusion="hybrid")


def test_forgetting_takes_panels_at_its_rate_and_never_the_last() -> None:
    torch.manual_seed(0)
    present = torch.rand(4000, 3) < 0.6
    left = kept(present, 0.5)
    assert not bool((left & ~present).any())
    assert torch.equal(left.any(dim=1), present.any(dim=1))
    three = present.all(dim=1)
    # Of three panels 1.5 stay, and one more where all three would have gone.
    assert float(left[three].sum(dim=1).float().mean()) == pytest.approx(1.5 + 0.125, abs=0.06)
    assert torch.equal(kept(present, 0.0), present)
    inputs = Inputs.of_blocks(content(lacking=0))
    net = small(inputs, forgetting=0.9, dropout=0.0)
    assert not torch.allclose(net.train()(inputs), net(inputs))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert bool(net(inputs).isfinite().all())


def test_a_plan_that_cannot_be_built_is_refused() -> None:
    for wrong, match in (
        ({"fusion": "late"}, "late"),
        ({"metric": "dot"}, "dot"),
        ({"widths": {"tasting": 3}}, "tasting"),
        ({"hidden": {"seeing": 0}}, "width"),
        ({"forgetting": 1.0}, "forgetting"),
    ):
        with pytest.raises(UsageError, match=match):
            Plan(**wrong)
