"""From pixels to what the network sees."""

import os
from typing import Any

import albumentations
import numpy as np
import pytest
import torch

from foldline.data.decode import Pixels
from foldline.data.transforms import (
    Normalization,
    Transform,
    crop_center,
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
AUGMENT = (
    {"name": "HorizontalFlip", "p": 0.5},
    {"name": "Affine", "scale": [0.8, 1.2], "rotate": [-20, 20]},
    {"name": "RandomBrightnessContrast", "p": 0.5},
    {"name": "GaussNoise"},
)


def build(*augment: dict[str, Any], size: tuple[int, int] = (24, 16)) -> Transform:
    return Transform(image_size=size, crop=None, mean=(0, 0, 0), std=(1, 1, 1), augment=augment)


def draw_noise(height: int = 40, width: int = 30) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("augment", [(), ({"name": "HorizontalFlip", "p": 1.0},)])
def test_a_red_picture_stays_red_and_is_normalized(augment: Any) -> None:
    red = np.zeros((40, 30, 3), np.uint8)
    red[:, :, 0] = 255
    transform = Transform(image_size=(24, 16), crop=(0.5, 0.5), mean=MEAN, std=STD, augment=augment)
    tensor = transform(red)
    assert (tensor.shape, tensor.dtype) == ((3, 24, 16), torch.uint8)
    assert tensor.is_contiguous()
    normalized = transform.normalize(tensor[None])[0]
    assert normalized.dtype == torch.float32
    expected = torch.tensor([(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225])
    torch.testing.assert_close(normalized, expected.view(3, 1, 1).expand(3, 24, 16))


@pytest.mark.parametrize("mean", [MEAN, (0.5, 0.5, 0.5), (0, 0, 0)])
@pytest.mark.parametrize("std", [STD, (0.5, 0.5, 0.5), (1, 1, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_batch_is_normalized_as_albumentations_does_to_the_bit(
    mean: Any, std: Any, layout: torch.memory_format
) -> None:
    """Runs begun when each picture was normalized by itself continue with the same numbers."""
    values = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    expected = albumentations.Normalize(mean, std)(image=values)["image"].transpose(2, 0, 1)
    images = torch.from_numpy(values.transpose(2, 0, 1).copy())[None].repeat(2, 1, 1, 1)
    images = images.contiguous(memory_format=layout)
    before = images.clone()
    found = Normalization(mean, std)(images)
    assert found.is_contiguous(memory_format=layout)
    for one in found:
        assert one.numpy().tobytes() == np.ascontiguousarray(expected).tobytes()
    assert torch.equal(images, before)


def test_shrinking_averages() -> None:
    lines = np.zeros((32, 32, 3), np.uint8)
    lines[::2] = 255  # lines of one pixel: taking every fourth row would give black or white
    transform = Transform(image_size=(8, 8), crop=None, mean=(0, 0, 0), std=(1, 1, 1))
    assert set(transform(lines).flatten().tolist()) <= {127, 128}


def test_evaluation_has_no_randomness() -> None:
    transform = Transform(image_size=(24, 16), crop=None, mean=MEAN, std=STD)
    first = transform(draw_noise(), seed=1)
    assert torch.equal(first, transform(draw_noise(), seed=2))
    assert torch.equal(first, transform(draw_noise()))


def test_training_without_augmentation_is_evaluation() -> None:
    settings: Any = {"image_size": (24, 16), "crop": (0.8, 0.6), "mean": MEAN, "std": STD}
    one = Transform(**settings, augment=())
    assert torch.equal(one(draw_noise(), seed=5), Transform(**settings)(draw_noise()))


def test_the_same_seed_gives_the_same_augmentation() -> None:
    transform, other = build(*AUGMENT), build(*AUGMENT)
    seeds = [7, 8, 9, 10]
    first = [transform(draw_noise(), seed) for seed in seeds]
    np.random.seed(3)
    torch.manual_seed(3)
    again = [other(draw_noise(), seed) for seed in reversed(seeds)][::-1]
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    for index, one in enumerate(first):
        assert not any(torch.equal(one, another) for another in first[:index])


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ({"name": "HorizontalFlop"}, "0: 'HorizontalFlop' is not a transform"),
        ({"name": "Compose", "transforms": []}, "0: 'Compose' is not a transform"),
        ({"p": 0.5}, "0: None is not a transform"),
        ({"name": "HorizontalFlip", "prob": 0.5}, r"0 \(HorizontalFlip\): .*'prob'"),
        ({"name": "HorizontalFlip", "p": 2}, r"0 \(HorizontalFlip\): .*less than or equal to 1"),
        ({"name": "Affine", "rotate": "far"}, r"0 \(Affine\): .*rotate"),
        (
            {"name": "RandomResizedCrop", "scale": 3},
            r"0 \(RandomResizedCrop\): scale Input should be a valid tuple$",
        ),
        ({"name": "CenterCrop", "height": 8}, r"0 \(CenterCrop\): .*width"),
        # these would stop or, worse, silently change every training
        ({"name": "BasicTransform"}, r"0 \(BasicTransform\)"),
        ({"name": "RandomCrop", "height": 8, "width": 8, "p": 0.1}, r"returns \[8, 8, 3\]"),
        ({"name": "RandomResizedCrop", "size": [8, 8]}, r"returns \[8, 8, 3\]"),
        ({"name": "D4"}, r"returns \[16, 24, 3\] uint8 for \[24, 16, 3\]"),
        ({"name": "ToFloat"}, "returns .* float32"),
    ],
)
def test_what_is_no_augmentation_is_refused_by_its_entry(step: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        build(step)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"^1"):
        build({"name": "VerticalFlip"}, step)


def test_lists_of_yaml_are_taken_as_tuples() -> None:
    transform = build({"name": "Affine", "translate_px": {"x": [4, 4], "y": [0, 0]}, "p": 1.0})
    moved = transform(np.full((24, 16, 3), 255, np.uint8))
    assert moved[:, :, :4].max() == 0
    assert moved[:, :, 4:].min() == 255


def test_a_crop_that_is_resized_gives_the_size_of_the_network() -> None:
    left = np.zeros((40, 40, 3), np.uint8)
    left[:, :20] = 255
    whole = {"name": "RandomResizedCrop", "scale": [1, 1], "ratio": [1.5, 1.5], "p": 1.0}
    quarter = whole | {"scale": [0.25, 0.25]}
    assert build(whole)(left).shape == (3, 24, 16)
    # half of each side, at another place for another seed
    cuts = [build(quarter)(left, seed).float().mean().item() for seed in range(8)]
    assert max(cuts) - min(cuts) > 0.3 * 255


@pytest.mark.parametrize(
    ("shares", "rows", "columns"),
    [
        ((1.0, 1.0), (0, 10), (0, 8)),
        ((0.5, 1.0), (2, 7), (0, 8)),
        ((1.0, 0.5), (0, 10), (2, 6)),
        ((0.8, 0.25), (1, 9), (3, 5)),
        ((0.01, 0.01), (4, 5), (3, 4)),
    ],
)
def test_crop_keeps_the_middle(
    shares: tuple[float, float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    pixels = draw_noise(10, 8)
    expected = pixels[slice(*rows), slice(*columns)]
    np.testing.assert_array_equal(crop_center(pixels, shares), expected)


def test_the_transform_crops_before_it_resizes() -> None:
    framed = np.zeros((40, 40, 3), np.uint8)
    framed[10:30, 5:35] = 255
    transform = Transform(image_size=(8, 8), crop=(0.5, 0.75), mean=(0, 0, 0), std=(1, 1, 1))
    assert transform(framed).min() == 255


@pytest.mark.parametrize("size", [96, 97, 128, 224])
@pytest.mark.parametrize("share", [1.0, 0.9, 0.7, 0.55, 0.3])
def test_a_picture_of_the_decoded_size_loses_nothing_to_the_crop(size: int, share: float) -> None:
    transform = Transform(image_size=(size, size), crop=(share, share), mean=MEAN, std=STD)
    height, width = transform.decode_size
    cropped = crop_center(np.zeros((height, width, 3), np.uint8), (share, share))
    assert cropped.shape == (size, size, 3)


def test_albumentations_is_told_to_stay_off_the_network() -> None:
    assert os.environ["NO_ALBUMENTATIONS_UPDATE"] == "1"
