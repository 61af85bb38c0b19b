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


foldline.add_command(advise.command)
foldline.add_command(answer.command)
foldline.add_command(check_submission.command)
foldline.add_command(compare.command)
foldline.add_command(evaluate.command)
foldline.add_command(fetch.command)
foldline.add_command(infer.command)
foldline.add_command(leaderboard.command)
foldline.add_command(prepare.command)
foldline.add_command(report.command)
foldline.add_command(runs.command)
foldline.add_command(sample.command)
foldline.add_command(score.command)
foldline.add_command(show.command)
foldline.add_command(submit.command)
foldline.add_command(sweep.command)
foldline.add_command(sync.command)
foldline.add_command(train.command)
