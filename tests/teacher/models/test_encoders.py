"""Encoders: the same answer whole and cut between its blocks, from presets, folders and timm."""

import json
from pathlib import Path

import pytest
import torch
from transformers import Siglip2VisionConfig, Siglip2VisionModel, SiglipConfig, SiglipModel

from teacher.models.config import EncoderChoice, TeacherError
from teacher.models.network import Teacher
from teacher.models.siglip import siglip_encoder

TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "patch_size": 8,
}


@pytest.mark.parametrize(
    "choice",
    [
        EncoderChoice(name="tiny"),
        EncoderChoice(name="timm:test_efficientnet", image_size=64),
        EncoderChoice(name="timm:test_vit", image_size=160),
        EncoderChoice(name="timm:test_resnet", image_size=64),
    ],
    ids=lambda choice: choice.name,
)
def test_cut_between_any_blocks_the_answer_is_the_same(choice: EncoderChoice) -> None:
    torch.manual_seed(0)
    teacher = Teacher(choice).eval()
    encoder = teacher.encoder
    images = torch.randn(2, 3, teacher.image_size, teacher.image_size)
    with torch.no_grad():
        whole = encoder(images)
        for count in range(len(encoder.blocks) + 1):
            torch.testing.assert_close(encoder.upper(encoder.lower(images, count), count), whole)


def test_a_trunk_answers_as_timm_does() -> None:
    teacher = Teacher(EncoderChoice(name="timm:test_efficientnet", image_size=64)).eval()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(teacher.encoder(images), teacher.encoder.trunk(images))  # type: ignore[operator]


@pytest.mark.parametrize("name", ["test_efficientnet", "tf_efficientnetv2_b0"])
def test_folded_it_answers_the_same(name: str) -> None:
    torch.manual_seed(0)
    teacher = Teacher(EncoderChoice(name=f"timm:{name}", image_size=64))
    encoder, images = teacher.encoder, torch.randn(16, 3, 64, 64)
    with torch.no_grad():
        for _ in range(8):  # so that its statistics are those of something
            encoder(images)
        encoder.eval()
        before = {key: value.clone() for key, value in encoder.state_dict().items()}
        folded, wanted = encoder.folded(), encoder(images)
        torch.testing.assert_close(folded(images), wanted, rtol=1e-5, atol=1e-5 * float(wanted.abs().max()))
    assert all(torch.equal(value, before[key]) for key, value in encoder.state_dict().items())
    norms = sum(isinstance(one, torch.nn.BatchNorm2d) for one in encoder.modules())
    left = sum(isinstance(one, torch.nn.BatchNorm2d) for one in folded.modules())
    assert norms > left == 0


def test_a_transformer_has_nothing_to_fold() -> None:
    encoder = Teacher(EncoderChoice(name="tiny")).encoder
    assert encoder.folded() is encoder


def test_of_a_checkpoint_with_both_towers_the_one_that_sees_is_loaded(tmp_path: Path) -> None:
    """The folder form of `google/siglip-so400m-patch14-384`, at a size a test can hold."""
    torch.manual_seed(0)
    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    whole = SiglipModel(SiglipConfig(text_config=text, vision_config={**TOWER, "image_size": 32})).eval()
    whole.save_pretrained(tmp_path)
    encoder = siglip_encoder(str(tmp_path))
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        wanted = whole.vision_model(pixel_values=images).pooler_output
        torch.testing.assert_close(encoder.network.eval()(images), wanted)
    own = sum(parameter.numel() for parameter in encoder.network.parameters())
    assert own == sum(parameter.numel() for parameter in whole.vision_model.parameters())


def test_siglip_2_with_pictures_of_any_shape_takes_squares(tmp_path: Path) -> None:
    """NaFlex is fed patches as its own processor cuts them."""
    torch.manual_seed(0)
    tower = Siglip2VisionModel(Siglip2VisionConfig(**TOWER, num_patches=16)).eval()
    tower.save_pretrained(tmp_path)
    encoder = siglip_encoder(str(tmp_path))
    assert encoder.image_size == 32
    images = torch.randn(2, 3, 32, 32)
    patches = torch.stack([cut(image) for image in images])
    with torch.no_grad():
        wanted = tower(
            pixel_values=patches,
            pixel_attention_mask=torch.ones(2, 16, dtype=torch.long),
            spatial_shapes=torch.tensor([[4, 4], [4, 4]]),
        ).pooler_output
        torch.testing.assert_close(encoder.network.eval()(images), wanted, atol=1e-5, rtol=1e-5)


def cut(image: torch.Tensor) -> torch.Tensor:
    from transformers.models.siglip2.image_processing_siglip2 import convert_image_to_patches

    return convert_image_to_patches(image, 8)


def test_another_kind_of_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(TeacherError, match="a model of type bert; it takes siglip"):
        siglip_encoder(str(tmp_path))
