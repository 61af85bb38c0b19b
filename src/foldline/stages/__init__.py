"""The stages: the only modules that know the folders and join the parts."""
