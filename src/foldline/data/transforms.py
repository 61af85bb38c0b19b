"""The transform between file and network, in training and evaluation alike."""

import inspect
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import torch

from foldline.data.decode import Pixels
from foldline.errors import describe_error

# set before the import, which would otherwise ask the network for a newer version
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations as A

# what pydantic adds to its messages
_FOR_PROGRAMMERS = re.compile(
    r"^\d+ validation errors? for \w+ | \[type=.*?\]| For further \S+ visit \S+"
)

Size = tuple[int, int]
Shares = tuple[float, float]


@dataclass(frozen=True)
class Normalization:
    """`(pixel / 255 - mean) / std` for each channel; `mean` and `std` are on a scale of 0 to 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return `[B, 3, h, w]` uint8 as float32, keeping device and memory layout."""
        offset, scale = _build_factors(self, images.device)
        return images.to(torch.float32, copy=True).sub_(offset).mul_(scale)


@cache
def _build_factors(
    normalization: Normalization, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what to subtract from each channel and what to multiply it by, `[3, 1, 1]`.

    The steps are those of albumentations' Normalize, so that the values are the same to the bit.
    """
    offset = np.array(normalization.mean, np.float32) * np.float32(255)
    scale = np.reciprocal(np.array(normalization.std, np.float32) * np.float32(255))
    first, second = (torch.from_numpy(one).view(-1, 1, 1).to(device) for one in (offset, scale))
    return first, second


class Transform:
    """Centre crop, resize, augmentation: `[H, W, 3]` uint8 to `[3, h, w]` uint8.

    `normalize` is applied last, to whole batches, so that processes exchange bytes; `mean` and
    `std` are on a scale of 0 to 1. `image_size` is the size of the result (height, width) in
    pixels; `decode_size` is the smallest picture that loses nothing.

    Without `augment`, as in validation and inference, chance has no part. Crops that are resized,
    such as RandomResizedCrop, get `image_size` unless they name a size. Raise `ValueError`, naming
    the entry, for an unknown transform or argument, or for one that changes the picture's size.
    """

    def __init__(
        self,
        *,
        image_size: Size,
        crop: Shares | None,
        mean: Sequence[float],
        std: Sequence[float],
        augment: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.image_size, self.crop = image_size, crop or (1.0, 1.0)
        self.normalize = Normalization(tuple(mean), tuple(std))
        self.decode_size = (
            round(image_size[0] / self.crop[0]),
            round(image_size[1] / self.crop[1]),
        )
        # area interpolation averages, so that fine lines such as wrinkles do not alias
        resize = A.Resize(*image_size, interpolation=cv2.INTER_AREA)
        steps = [_build_step(position, step, image_size) for position, step in enumerate(augment)]
        self._compose = A.Compose([resize, *steps])

    def __call__(self, pixels: Pixels, seed: int = 0) -> torch.Tensor:
        """Transform one picture; the same `seed` gives the same augmentation."""
        self._compose.set_random_seed(seed)
        array = self._compose(image=crop_center(pixels, self.crop))["image"]
        return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))


def crop_center(pixels: Pixels, shares: Shares) -> Pixels:
    """Return the middle of `[H, W, 3]`: `shares` of height and width, at least one pixel."""
    height, width = pixels.shape[:2]
    new_height, new_width = max(1, round(shares[0] * height)), max(1, round(shares[1] * width))
    top, left = (height - new_height) // 2, (width - new_width) // 2
    return pixels[top : top + new_height, left : left + new_width]


def _build_step(position: int, step: Mapping[str, Any], image_size: Size) -> Any:
    arguments = {key: _tuples(value) for key, value in step.items() if key != "name"}
    name = step.get("name")
    kind = getattr(A, str(name), None)
    if not (isinstance(kind, type) and issubclass(kind, A.BasicTransform)):
        raise ValueError(f"{position}: {name!r} is not a transform of albumentations")  # noqa: TRY004
    if "size" in inspect.signature(kind).parameters:
        # the size of a crop that is resized: no other would pass
        arguments.setdefault("size", image_size)
    try:
        with warnings.catch_warnings():
            # albumentations only warns about an unknown argument
            warnings.simplefilter("error")
            transform = kind(**arguments)
            certain = kind(**{**arguments, "p": 1.0})
        _try_out(certain, image_size)
    except Exception as error:  # noqa: BLE001 - transforms raise anything
        reason = _FOR_PROGRAMMERS.sub("", describe_error(error))
        raise ValueError(f"{position} ({name}): {reason}") from None
    return transform


def _try_out(transform: Any, image_size: Size) -> None:
    """Raise `ValueError` unless a picture keeps its size, `[H, W, 3]`, and its type."""
    picture = np.random.default_rng(0).integers(0, 256, (*image_size, 3), dtype=np.uint8)
    compose = A.Compose([transform])
    for seed in range(8):  # chance may decide how far a picture is turned
        compose.set_random_seed(seed)
        image = compose(image=picture)["image"]
        if image.shape != picture.shape or image.dtype != picture.dtype:
            found, expected = (f"{list(one.shape)} {one.dtype}" for one in (image, picture))
            raise ValueError(f"returns {found} for {expected}")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
