"""Towers are what the thesis says they are, and stand what a catalogue lacks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from triptych.errors import UsageError
from triptych.models.siamese.inputs import PAPER, Inputs
from triptych.models.siamese.towers import BatchNorm, PanelTower, PaperHearing, PaperReading, PaperSeeing
from triptych.spaces.blocks import Blocks


def paper(n: int = 5, seed: int = 0) -> dict[str, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    shapes = {name: shape if shape is not None else (1, 16, 24) for name, (_, shape) in PAPER.items()}
    tensors = {name: torch.randn(n, *shape, generator=g) for name, shape in shapes.items()}
    tensors["language"] = torch.randint(0, 160, (n,), generator=g)
    return tensors


def test_seeing_takes_its_steps_in_the_order_of_the_thesis() -> None:
    torch.manual_seed(1)
    tower, tensors = PaperSeeing().eval(), paper()
    with torch.no_grad():
        tower.backbone_norm.weight.uniform_(0.5, 2)
        frames = torch.stack([tower.backbone_norm(tensors["frames"][:, k]) for k in range(16)]).mean(dim=0)
        pooled = frames / frames.norm(dim=1, keepdim=True)
        normed = functional.layer_norm(pooled, (384,))
        high = tower.frame_fusion_mlp(normed)
        low = torch.tanh(
            tensors["low_level"] @ tower.low_level_projection[0].weight.T + tower.low_level_projection[0].bias
        )
        expected = torch.cat([high, low], dim=1)
        expected /= expected.norm(dim=1, keepdim=True)
        torch.testing.assert_close(tower(tensors, torch.ones(5, dtype=torch.bool)), expected, atol=1e-6, rtol=0)


def test_hearing_sees_the_spectrogram_as_its_layers_do() -> None:
    """Memory is laid out otherwise for speed; what comes out is the same."""
    torch.manual_seed(2)
    tower, tensors = PaperHearing().eval(), paper(3)
    with torch.no_grad():
        seen = tensors["spectrogram"]
        for k in range(0, 12, 4):
            conv, norm = tower.spec_cnn[k], tower.spec_cnn[k + 1]
            seen = functional.max_pool2d(functional.gelu(norm(conv(seen))), 2)
        vggish = functional.normalize(tensors["vggish"])
        joined = torch.cat([vggish, seen.mean(dim=(2, 3))], dim=1)
        expected = functional.normalize(torch.tanh(tower.temporal_pooling[0](tower.fusion(joined))))
        torch.testing.assert_close(tower(tensors, torch.ones(3, dtype=torch.bool)), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("tower", "width"), [(PaperSeeing, 256), (PaperHearing, 192), (PaperReading, 384)])
def test_what_comes_out_has_length_1_and_is_0_for_what_is_missing(tower: type, width: int) -> None:
    torch.manual_seed(0)
    present = torch.tensor([True, True, False, True, True])
    made = tower()(paper(), present)
    assert made.shape == (5, width) == (5, tower.output)
    torch.testing.assert_close(made.norm(dim=1), present.float())


def test_languages_and_years_move_what_is_read() -> None:
    tower, tensors, all_of_them = PaperReading().eval(), paper(), torch.ones(5, dtype=torch.bool)
    before = tower(tensors, all_of_them)
    for name, changed in (("language", (tensors["language"] + 1) % 160), ("year", tensors["year"] + 1)):
        assert not torch.allclose(tower({**tensors, name: changed}, all_of_them), before)
    # BERT and VGGish count by their direction alone.
    torch.testing.assert_close(tower({**tensors, "bert": tensors["bert"] * 7}, all_of_them), before)


def test_an_item_without_the_panel_gets_one_learned_vector_and_moves_no_statistics() -> None:
    torch.manual_seed(0)
    tower = PanelTower("seeing", 6, hidden=8, output=4).train()
    values, present = torch.randn(10, 6), torch.arange(10) % 2 == 0
    wild = torch.where(present[:, None], values, 1e6)
    torch.manual_seed(3)
    made = tower({"seeing": wild}, present)
    mean = tower.mlp[1].running_mean.clone()
    assert float(mean.abs().max()) < 10
    expected = functional.normalize(tower.absent, dim=0)
    torch.testing.assert_close(made[~present], expected.expand(5, -1))
    made.sum().backward()
    assert float(tower.absent.grad.abs().max()) > 0
    tower.eval()
    torch.testing.assert_close(tower({"seeing": wild}, present)[~present], expected.expand(5, -1))
    torch.testing.assert_close(tower({"seeing": values}, ~present & False), expected.expand(10, -1))


def test_a_batch_of_one_row_stops_no_batch_normalisation() -> None:
    norm = BatchNorm(3).train()
    norm(torch.randn(8, 3))
    before = norm.running_mean.clone()
    row = torch.ones(1, 3)
    torch.testing.assert_close(norm(row), (row - before) / (norm.running_var + norm.eps).sqrt())
    torch.testing.assert_close(norm.running_mean, before)


def test_content_becomes_one_tensor_for_each_panel_with_its_masks() -> None:
    blocks = Blocks(
        panels=("hearing", "reading", "reading", "reading"),
        names=("hearing/a", "reading/b", "reading/genres", "reading/c"),
        values=tuple(np.full((2, width), k + 1, np.float32) for k, width in enumerate((1, 2, 5, 1))),
        mask=np.array([[True, True, True, False], [False, False, True, False]]),
    )
    inputs = Inputs.of_blocks(blocks, without=("reading/genres",))
    assert inputs.panels == ("hearing", "reading")
    assert inputs.present.tolist() == [[True, True], [False, False]]
    assert inputs.tensors["hearing"].tolist() == [[1, 1], [0, 0]]
    assert inputs.tensors["reading"].tolist() == [[2, 2, 0, 1, 0], [0, 0, 0, 0, 0]]
    assert inputs.take(torch.tensor([1, 0, 0])).tensors["hearing"].tolist() == [[0, 0], [1, 1], [1, 1]]
    with pytest.raises(UsageError, match="nothing"):
        Inputs.of_blocks(blocks, without=blocks.names)


def test_what_the_towers_of_the_thesis_take_is_checked() -> None:
    tensors = paper()
    assert len(Inputs.of_paper(tensors)) == 5
    for name, wrong in (("frames", torch.zeros(5, 15, 384)), ("spectrogram", torch.zeros(5, 16, 24))):
        with pytest.raises(UsageError, match=name):
            Inputs.of_paper({**tensors, name: wrong})
    with pytest.raises(UsageError, match="159"):
        Inputs.of_paper({**tensors, "language": tensors["language"] + 160})
    with pytest.raises(UsageError, match="finite"):
        Inputs.of_paper({**tensors, "year": tensors["year"] * float("nan")})
    del tensors["year"]
    with pytest.raises(UsageError, match="year"):
        Inputs.of_paper(tensors)
