"""`python -m foldline`, which `torchrun -m foldline train` needs to start several processes."""

from foldline.cli import main

if __name__ == "__main__":
    main()
