"""The settings of the network and of its training."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from foldline.config.sections import Section
from foldline.config.values import (
    Count,
    Duration,
    DurationFromZero,
    FoldNumbers,
    MetricKey,
    PathOrWord,
    Probability,
    Rate,
    Real,
    Share,
    Text,
    Whole,
)
from foldline.metrics.metric import METRICS


class Model(Section):
    """The network."""

    # the constructor of another network takes other arguments
    depends_on: ClassVar[Mapping[str, Sequence[str]]] = {"arguments": ("name", "source")}

    name: Text = Field("resnet18", description="a classification model in `source`")
    source: Literal["torchvision", "timm"] = Field(
        "torchvision", description="the library of the model; timm must be installed separately"
    )
    arguments: dict[str, Any] = Field(
        {}, description="for the model's constructor, over its defaults: {drop_rate: 0.1}"
    )
    weights: PathOrWord = Field(
        "imagenet",
        description="imagenet (timm: its pretrained ones), none, a file of weights, or run:NAME "
        "to continue from its best.pt",
    )
    train: Text = Field(
        "all",
        description="what learns: head, last_blocks, all_but_first, all, or from a named block up",
    )


class Adam(Section):
    name: Literal["adam"] = "adam"
    lr: Rate = 1e-4
    weight_decay: Real = Field(0.0, ge=0)


class AdamW(Section):
    name: Literal["adamw"] = "adamw"
    lr: Rate = 3e-4
    weight_decay: Real = Field(0.01, ge=0)


class SGD(Section):
    name: Literal["sgd"] = "sgd"
    lr: Rate = 1e-2
    momentum: Probability = 0.9
    nesterov: bool = False
    weight_decay: Real = Field(1e-4, ge=0)

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "SGD":
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class Constant(Section):
    name: Literal["constant"] = "constant"


class Cosine(Section):
    name: Literal["cosine"] = "cosine"
    warmup: DurationFromZero = Field(
        "0.5 epochs", description="linear rise from 0, such as 500 steps; 0 epochs: none"
    )
    final: Real = Field(0.01, ge=0, le=1, description="share of the learning rate left at the end")


class Step(Section):
    name: Literal["step"] = "step"
    every: Duration = Field("3 epochs", description="time between drops, such as 500 steps")
    factor: Share = Field(0.1, description="what the learning rate is multiplied with")


class Plateau(Section):
    name: Literal["plateau"] = "plateau"
    factor: Share = Field(0.5, description="what the learning rate is multiplied with")
    patience: Whole = Field(2, ge=0, description="epochs without improvement before a drop")


class CrossEntropy(Section):
    name: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Probability = 0.0
    class_weights: Literal["none", "balanced", "sqrt"] = Field(
        "none", description="weigh losses by inverse class frequency, or its square root; mean 1"
    )


class Validation(Section):
    """When the validation fold is scored, besides at the end of training."""

    every: Duration = Field("1 epoch", description="such as 2 epochs, 0.5 epochs or 500 steps")
    from_epoch: Count = Field(1, description="no validation before this epoch")
    floor: Real | None = Field(
        None, description="save nothing that scores worse, in the monitor's unit; null: no floor"
    )


class Train(Section):
    """How the network is trained."""

    epochs: Count = Field(12, description="at most")
    patience: Whole = Field(4, ge=0, description="epochs without a gain before stopping; 0: never")
    min_improvement: Real = Field(
        0.0, ge=0, description="the least that counts as better, in the monitor's unit"
    )
    monitor: MetricKey = Field(
        "macro_f1",
        description="metric of the whole validation fold that selects the best epoch and stops",
    )
    validation: Validation = Validation()
    keep: Literal["best", "every"] = Field(
        "best", description="every: besides best.pt, one checkpoint per validation, epoch_<n>.pt"
    )
    batch_size: Count = Field(32, description="pictures per forward pass and process")
    accumulate: Count = Field(1, description="forward passes per optimizer step")
    clip_norm: Real = Field(0.0, ge=0, description="clip gradients at this norm; 0: never")
    folds: FoldNumbers | None = Field(None, description="folds to train, such as [0, 2]; null: all")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field("auto", description="of arithmetic")
    channels_last: Literal["auto"] | bool = Field("auto", description="memory format of pictures")
    workers: Literal["auto"] | Annotated[Whole, Field(ge=0, le=1000)] = Field(
        "auto", description="processes that read pictures; auto counts the cores"
    )
    optimizer: Annotated[Adam | AdamW | SGD, Field(discriminator="name")] = AdamW()
    schedule: Annotated[Constant | Cosine | Step | Plateau, Field(discriminator="name")] = Cosine()
    loss: CrossEntropy = CrossEntropy()
    save: Literal["whole", "head"] = Field(
        "whole",
        description="best.pt: the network, or with model.train=head its head alone (kilobytes)",
    )
    augment: tuple[dict[str, Any], ...] = Field(
        (
            {"name": "HorizontalFlip", "p": 0.5},
            {"name": "Affine", "scale": [0.9, 1.1], "rotate": [-8, 8], "p": 0.7},
            {"name": "RandomBrightnessContrast", "p": 0.5},
        ),
        description="albumentations transforms after crop and resize: name and arguments",
    )

    @property
    def runtime(self) -> dict[str, Any]:
        """The arguments of `open_runtime`."""
        return {key: getattr(self, key) for key in ("precision", "workers", "channels_last")}

    @model_validator(mode="after")
    def _floor_is_possible(self) -> "Train":
        floor, metric = self.validation.floor, METRICS[self.monitor]
        if floor is not None and not metric.is_possible(floor):
            low, high = metric.range
            raise ValueError(
                f"validation.floor: {self.monitor} lies between {low:g} and {high:g}, found "
                f"{floor:g}"
            )
        return self
