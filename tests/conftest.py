"""What every test needs before torch is imported."""

import os

# the networks of the tests are too small to gain from several threads, and lose by waiting for them
os.environ.setdefault("OMP_NUM_THREADS", "1")
