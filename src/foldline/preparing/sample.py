"""`foldline sample`: draw the sample competition, under `inputs/sample/` unless told otherwise."""

from pathlib import Path

from foldline import console
from foldline.config import Config
from foldline.errors import UserError
from foldline.synthetic.competition import draw_competition, is_drawn
from foldline.synthetic.faces import SHOTS

SAMPLE_DIR = Path("inputs/sample")


def run_sample(config: Config, *, root: Path | None = None) -> None:
    """Draw the competition that `config.sample` describes at `root`, unless it is there already.

    Without a `root` it goes to `inputs/sample/`, where no real competition lies.
    Raises `UserError` where the folder holds something that foldline did not draw.
    """
    root = root or SAMPLE_DIR
    sample = config.sample
    wanted = {"people": sample.people, "eval_people": sample.eval_people, "seed": sample.seed}
    console.heading(f"sample  {root}")
    if Path.cwd().is_relative_to(root.resolve()):
        raise UserError(f"data.root: {root}: expected a folder that this command may replace whole")
    if is_drawn(root, **wanted):
        console.say("already drawn with this seed and these people; nothing to do")
        return
    draw_competition(root, **wanted)
    console.say(
        f"{sample.people} people to train on and {sample.eval_people} others to be scored on, "
        f"{len(SHOTS)} pictures each"
    )
