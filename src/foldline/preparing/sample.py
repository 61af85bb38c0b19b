"""Draw the sample competition."""

from pathlib import Path

from foldline import console
from foldline.config.data import Sample
from foldline.errors import UserError
from foldline.synthetic.competition import draw_competition, is_drawn
from foldline.synthetic.faces import SHOTS


def run_sample(sample: Sample, root: Path) -> None:
    """Draw the competition that `sample` describes at `root`, unless it is there already.

    Raise `UserError` if the folder holds something that foldline did not draw.
    """
    console.heading(f"sample  {root}")
    if Path.cwd().is_relative_to(root.resolve()):
        raise UserError(f"data.root: {root}: expected a folder that this command may replace whole")
    if is_drawn(root, **sample.model_dump()):
        console.log("already drawn with this seed and these people; nothing to do")
        return
    draw_competition(root, **sample.model_dump())
    console.log(
        f"{sample.people} people to train on and {sample.eval_people} others to be scored on, "
        f"{len(SHOTS)} pictures each"
    )
