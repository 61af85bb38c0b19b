"""`python -m foldline`, so that `torchrun -m foldline train` starts several processes."""

from foldline.cli import main

if __name__ == "__main__":
    main()
