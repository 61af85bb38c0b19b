"""The commands, one file each. What a command needs is imported when it is called."""

import click

from foldline import __version__
from foldline.commands import (
    advise,
    answer,
    check_submission,
    compare,
    evaluate,
    fetch,
    infer,
    leaderboard,
    prepare,
    report,
    runs,
    sample,
    score,
    show,
    submit,
    sweep,
    sync,
    train,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="foldline")
def foldline() -> None:
    """From a folder of competition pictures to a submission you can trust.

    Every stage takes --config FILE and any number of key=value, such as train.epochs=5.
    """


for _each in (sample, prepare, advise, train, infer, answer, evaluate, report, show):
    foldline.add_command(_each.command)
for _each in (runs, compare, sweep, sync, fetch, check_submission, submit, score, leaderboard):
    foldline.add_command(_each.command)
