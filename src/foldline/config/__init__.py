"""The settings of every stage: their names, the values they may have, and their defaults.

Defaults live here and nowhere else; `foldline.config.recipe` puts a YAML file and overrides on top.
"""

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from foldline.config.data import Data, Folds, Sample, name_data
from foldline.config.inference import Evaluate, Infer
from foldline.config.learning import Model, Train
from foldline.config.reporting import Report
from foldline.config.sections import Section
from foldline.config.tracking import Track
from foldline.config.values import MetricKey, Name, Seed

__all__ = ["RUNS", "Config"]

RUNS = Path("outputs/runs")


class Config(Section):
    """One recipe."""

    run: Name = Field("mask", description="folder under outputs/runs; default: the file's stem")
    seed: Seed = Field(0, description="of weights, order and augmentation")
    metric: MetricKey = Field("macro_f1", description="what runs are ranked and compared by")
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
        """The name of the prepared data."""
        return name_data(self.data.name, self.data.root)

    @property
    def prepared_dir(self) -> Path:
        return Path("outputs/prepared") / self.data_name

    @property
    def run_dir(self) -> Path:
        return RUNS / self.run
