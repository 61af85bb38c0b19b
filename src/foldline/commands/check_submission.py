from pathlib import Path

import click

from foldline.options import Settings, takes_settings, typed_path


@click.command("check-submission")
@click.argument("file", type=typed_path)
@takes_settings()
def command(file: Path, settings: Settings) -> None:
    """Say whether a submission may be submitted.

    Without --config, the submission of a run is checked by that run's settings.
    """
    from foldline.submitting.check_submission import load_submission_config, run_check_submission

    run_check_submission(load_submission_config(file, settings.path, settings.overrides), file)
