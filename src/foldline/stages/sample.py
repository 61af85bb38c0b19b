"""`foldline sample`: draw the sample competition under `inputs/sample/`."""

from pathlib import Path

from foldline import console
from foldline.config import Config
from foldline.drawing.competition import draw_competition, is_drawn
from foldline.drawing.faces import SHOTS

SAMPLE_DIR = Path("inputs/sample")


def run_sample(config: Config) -> None:
    """Draw the competition that `config.sample` describes, unless it is there already.

    Raises `UserError` where the folder holds something that foldline did not draw.
    """
    sample = config.sample
    wanted = {"people": sample.people, "eval_people": sample.eval_people, "seed": sample.seed}
    console.heading(f"sample  {SAMPLE_DIR}")
    if is_drawn(SAMPLE_DIR, **wanted):
        console.say("already drawn with this seed and these people; nothing to do")
        return
    draw_competition(SAMPLE_DIR, **wanted)
    console.say(
        f"{sample.people} people to train on and {sample.eval_people} others to be scored on, "
        f"{len(SHOTS)} pictures each"
    )
