"""The settings of every stage: what they are called, what they may be, what they default to.

Defaults live here and nowhere else. `foldline.recipe` lays a YAML file and overrides over them.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)


def _check_duration(value: Any) -> str:
    if not re.fullmatch(r"\d+ steps?|\d+(\.\d+)? epochs?", str(value)):
        raise ValueError(
            f"expected a number and its unit, such as 2 epochs or 500 steps, found {value!r}"
        )
    return str(value)


def _check_lasts(duration: str) -> str:
    if float(duration.partition(" ")[0]) == 0:
        raise ValueError(f"expected more than 0, found {duration!r}")
    return duration


# strict: neither true nor the text "5" passes as a number; 5 passes as a Real, 5.0 not as a Whole
Whole = Annotated[int, Strict()]
Real = Annotated[float, Strict()]
Count = Annotated[Whole, Field(ge=1)]
Rate = Annotated[Real, Field(gt=0)]
Share = Annotated[Real, Field(gt=0, le=1)]
Probability = Annotated[Real, Field(ge=0, lt=1)]
FoldNumbers = Annotated[tuple[Annotated[Whole, Field(ge=0)], ...], Field(min_length=1)]
DurationFromZero = Annotated[str, BeforeValidator(_check_duration)]
Duration = Annotated[DurationFromZero, AfterValidator(_check_lasts)]
Name = Annotated[str, Field(pattern=r"^[\w가-힣][\w가-힣.+-]*$", max_length=100)]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A frozen part of the configuration; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False
    )


class Sample(Section):
    """The drawn competition of `make sample`."""

    people: Whole = Field(480, ge=18, description="people to train on, seven pictures each")
    eval_people: Whole = Field(60, ge=18, description="other people to be scored on")
    seed: Whole = Field(0, ge=0, description="another seed draws another competition")


class Data(Section):
    """The pictures and what is made of them."""

    root: Path = Field(Path("inputs/mask"), description="folder of the competition, never written")
    name: Name | None = Field(
        None, description="folder under outputs/prepared; default: root's last"
    )
    scheme: Literal["mask", "folder", "filename"] = Field(
        "mask", description="how labels are read: the mask competition, folders, or file names"
    )
    pattern: str = Field(
        "{label}.{id}", description="filename scheme: fields {label}, {id}, {group}; no extension"
    )
    train_dir: str | None = Field(
        None, description="training pictures under root; default: scheme's"
    )
    test_dir: str | None = Field(None, description="test pictures under root; default: scheme's")
    valid_dir: Text | None = Field(
        None, description="validation pictures under root, for folds.kind=given and nothing else"
    )
    submission_columns: tuple[Text, Text] | None = Field(
        None, description="[id, label] where there is no sample file; default: scheme's"
    )
    submission_labels: Literal["auto", "names", "numbers"] = Field(
        "auto",
        description="classes by name or by number from 0; auto: as the sample file, else 0 …",
    )
    image_size: tuple[Count, Count] = Field(
        (128, 96), description="what the network sees: [height, width], pixels"
    )
    crop: tuple[Share, Share] | None = Field(
        None,
        description="centre crop before resizing: shares of [height, width]; null: whole picture",
    )
    verify: Literal["header", "decode"] = Field(
        "header", description="prepare checks header and end marker, or reads every picture whole"
    )
    on_bad_image: Literal["reject", "fail"] = Field(
        "reject", description="a picture that cannot be read is left out and counted, or stops"
    )
    train_age_cut: Whole | None = Field(
        None,
        ge=31,
        le=60,
        description="mask: from this age on trained as the oldest class; null: 60",
    )
    corrections: Path | None = Field(
        None, description="CSV `target,part,value` of wrong labels, for training only"
    )

    @field_validator("pattern")
    @classmethod
    def _pattern_is_for_file_names(cls, pattern: str, others: ValidationInfo) -> str:
        scheme = others.data.get("scheme", "filename")  # absent where it is faulty itself
        if scheme != "filename" and pattern != cls.model_fields["pattern"].default:
            raise ValueError(
                f"{pattern!r} is for data.scheme=filename, found {scheme}; set that, or leave it"
            )
        return pattern

    @field_validator("submission_columns")
    @classmethod
    def _columns_differ(cls, columns: tuple[str, str] | None) -> tuple[str, str] | None:
        if columns and columns[0] == columns[1]:
            raise ValueError("the id and the label need columns of different names")
        return columns


class Folds(Section):
    """Who validates what."""

    number: Whole = Field(5, ge=2, le=100, description="folds")
    kind: Literal["group", "image", "holdout", "given"] = Field(
        "group",
        description="by person; by image (a lie, to show it); holdout: only one fold is scored; "
        "given: data.valid_dir is scored",
    )
    seed: Whole = Field(0, ge=0, description="another seed deals the people anew")


class Model(Section):
    """The network."""

    name: str = Field("resnet18", description="a classification model of `source`")
    source: Literal["torchvision", "timm"] = Field(
        "torchvision", description="the library of the model; timm is an extra to be installed"
    )
    arguments: dict[str, Any] = Field(
        {}, description="of the model's constructor, over its own: {drop_rate: 0.1}"
    )
    weights: str = Field(
        "imagenet",
        description="imagenet (timm: its pretrained ones), none, a file of weights, or run:NAME "
        "to go on from its best.pt",
    )
    train: str = Field(
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
    every: Duration = Field("3 epochs", description="between falls, such as 500 steps")
    factor: Share = Field(0.1, description="what the learning rate is multiplied with")


class Plateau(Section):
    name: Literal["plateau"] = "plateau"
    factor: Share = Field(0.5, description="what the learning rate is multiplied with")
    patience: Whole = Field(2, ge=0, description="epochs without improvement before it falls")


class CrossEntropy(Section):
    name: Literal["cross_entropy"] = "cross_entropy"
    label_smoothing: Probability = 0.0
    class_weights: Literal["none", "balanced", "sqrt"] = Field(
        "none",
        description="by inverse class frequency, or its square root; mean 1 over the pictures",
    )


class Validation(Section):
    """When the validation fold is scored; the end of the training always is."""

    every: Duration = Field("1 epoch", description="such as 2 epochs, 0.5 epochs or 500 steps")
    from_epoch: Count = Field(1, description="no validation in the epochs before this one")
    floor: Real | None = Field(
        None, description="worse than this, in the monitor's unit, nothing is saved; null: no floor"
    )


class Train(Section):
    """How the network is trained."""

    epochs: Count = Field(12, description="at the most")
    patience: Whole = Field(
        4, ge=0, description="epochs without improvement before stopping; 0: never"
    )
    min_improvement: Real = Field(
        0.0, ge=0, description="what counts as better, in the monitor's unit"
    )
    monitor: Literal["macro_f1", "accuracy", "log_loss"] = Field(
        "macro_f1", description="of the whole validation fold; chooses the best epoch and stops"
    )
    validation: Validation = Validation()
    keep: Literal["best", "every"] = Field(
        "best", description="every: besides best.pt, every validation's as epoch_<n>.pt"
    )
    batch_size: Count = Field(32, description="pictures a forward pass, per process")
    accumulate: Count = Field(1, description="forward passes a step of the optimizer")
    clip_norm: Real = Field(0.0, ge=0, description="gradients are clipped at this norm; 0: never")
    folds: FoldNumbers | None = Field(
        None, description="which folds to train, such as [0, 2]; null: all"
    )
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="of the arithmetic"
    )
    channels_last: Literal["auto"] | bool = Field("auto", description="memory format of pictures")
    workers: Literal["auto"] | Annotated[Whole, Field(ge=0)] = Field(
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
        description="albumentations transforms after crop and resize: name and its arguments",
    )

    @model_validator(mode="after")
    def _floor_is_a_share(self) -> "Train":
        floor = self.validation.floor
        if floor is not None and not 0 <= floor <= 1 and self.monitor != "log_loss":
            raise ValueError(
                f"validation.floor: {self.monitor} lies between 0 and 1, found {floor:g}"
            )
        return self


class Infer(Section):
    """How the submission is made."""

    folds: FoldNumbers | None = Field(
        None, description="which folds answer, such as [0, 1]; null: all, and all must be there"
    )
    flip: bool = Field(False, description="also look at each picture mirrored, and average")
    batch_size: Count = Field(64, description="pictures a forward pass")
    truth: Path | None = Field(None, description="the true answers, where they are known")


class Evaluate(Section):
    """How the kept checkpoints of a run are compared."""

    split: Literal["validation", "test"] = Field(
        "validation", description="each fold's validation pictures, or the test's by infer.truth"
    )
    folds: FoldNumbers | None = Field(
        None, description="whose checkpoints, such as [0, 2]; null: all there are"
    )


class Report(Section):
    """The pictures and tables of a run, and the page of all runs."""

    after_training: bool = Field(
        True, description="drawn when a fold and the run are trained; make report draws anyway"
    )
    pictures: Whole = Field(
        24, ge=0, le=240, description="pictures in mistakes.png, a quarter of them right; 0: none"
    )
    thumbnails: Real = Field(
        12.0, ge=0, description="small pictures in the page, megabytes a competition; 0: none"
    )
    cam: Whole = Field(
        0,
        ge=0,
        description="mistakes a run, the surest first, with where its network looked; 0: none",
    )


class Track(Section):
    """Weights & Biases."""

    mode: Literal["auto", "online", "offline", "disabled"] = Field(
        "auto", description="auto: online where logged in, else offline"
    )
    project: str = Field("foldline", description="project on Weights & Biases")
    entity: str | None = Field(None, description="team or user there; null: the account's default")
    tags: tuple[str, ...] = Field((), description="of every W&B run, to filter by")
    notes: str | None = Field(None, description="a sentence about the run, shown beside it")
    pictures: bool = Field(
        True, description="thumbnails of confident mistakes and pictures of the report go along"
    )
    checkpoints: bool = Field(True, description="best.pt of every fold is kept as an artifact")
    patience: Real = Field(
        5.0, ge=0, description="seconds that the end of a command waits for what is still to send"
    )


class Config(Section):
    """One recipe."""

    run: Name = Field("mask", description="folder under outputs/runs; default: the file's stem")
    seed: Whole = Field(0, ge=0, description="of weights, order and augmentation")
    sample: Sample = Sample()
    data: Data = Data()
    folds: Folds = Folds()
    model: Model = Model()
    train: Train = Train()
    infer: Infer = Infer()
    evaluate: Evaluate = Evaluate()
    report: Report = Report()
    track: Track = Track()

    @field_validator("folds")
    @classmethod
    def _given_folds_need_their_folder(cls, folds: Folds, others: ValidationInfo) -> Folds:
        data = others.data.get("data")  # absent where it is faulty itself
        if data and folds.kind == "given" and data.valid_dir is None:
            raise ValueError(
                "folds.kind=given needs the folder of the validation pictures: set data.valid_dir"
            )
        if data and folds.kind != "given" and data.valid_dir is not None:
            raise ValueError(
                f"data.valid_dir={data.valid_dir} is for folds.kind=given, found {folds.kind}; "
                "set folds.kind=given, or leave data.valid_dir null"
            )
        return folds

    @property
    def data_name(self) -> str:
        """What the prepared data go by."""
        return name_data(self.data.name, self.data.root)

    @property
    def prepared_dir(self) -> Path:
        return Path("outputs/prepared") / self.data_name

    @property
    def run_dir(self) -> Path:
        return Path("outputs/runs") / self.run


def name_data(name: str | None, root: Path) -> str:
    """What prepared data go by: their `name`, or the last folder of `root`, a link by its own."""
    return name or Path(os.path.abspath(root)).name  # noqa: PTH100


def sections_in(section: Any, key: Any) -> list[type[Section]]:
    """The section that `key` holds, or those it may hold, as Adam, AdamW and SGD; else none."""
    if section is None or key not in section.model_fields:
        return []
    annotation = section.model_fields[key].annotation
    found = (annotation, *get_args(annotation))
    return [each for each in found if isinstance(each, type) and issubclass(each, Section)]


def name_of(section: type[Section]) -> str:
    """What chooses this section among others: `adamw` for AdamW."""
    return str(section.model_fields["name"].default)
