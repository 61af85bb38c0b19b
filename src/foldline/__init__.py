"""From a folder of competition pictures to a submission its user can trust."""

__version__ = "0.1.0"
