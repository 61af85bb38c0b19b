"""Build wandb's own objects from the plain dictionaries that arrive in its process."""

from typing import Any

_THUMBNAIL = (128, 128)  # pixels, at the most


def build_artifact(artifact: dict[str, Any]) -> Any:
    """Build an artifact; W&B keeps the same files under the same names as one version."""
    import wandb

    built = wandb.Artifact(artifact["name"], artifact["kind"], metadata=artifact["metadata"])
    for name, path in artifact["files"].items():
        policy: Any = "immutable" if name in artifact["settled"] else "mutable"
        built.add_file(path, name=name, policy=policy, skip_cache=True)
    return built


def build_value(value: Any) -> Any:
    """Build what a dictionary called `Media` stands for; return a plain value as it is."""
    import wandb

    if not isinstance(value, dict):
        return value
    if "picture" in value:
        return wandb.Image(value["picture"], caption=value["caption"])
    if "thumbnail" in value:
        return _build_thumbnail(value["thumbnail"])
    if "columns" in value:
        rows: Any = [[build_value(cell) for cell in row] for row in value["rows"]]
        return wandb.Table(columns=value["columns"], data=rows)
    return wandb.plot.confusion_matrix(
        y_true=value["labels"], preds=value["answers"], class_names=value["classes"]
    )


def _build_thumbnail(path: str) -> Any:
    import wandb
    from PIL import Image

    with Image.open(path) as picture:
        picture.thumbnail(_THUMBNAIL)
        return wandb.Image(picture.convert("RGB"))
