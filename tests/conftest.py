"""What is set before anything is imported: threads, and when garbage is looked for."""

import gc
import os

# the networks of the tests are too small to gain from several threads, and lose by waiting for them
os.environ.setdefault("OMP_NUM_THREADS", "1")
# what is imported stays: looking for garbage in it again and again, while the tests are collected
# and run, is a sixth of all their time
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    # pytest and the libraries look for what was left open, among everything
    gc.enable()
    gc.unfreeze()
