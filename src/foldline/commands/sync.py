import click


@click.command("sync")
def command() -> None:
    """Upload to Weights & Biases what was kept on disk."""
    from foldline.tracking.sync import run_sync

    run_sync()
