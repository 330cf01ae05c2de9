"""Ready processes, one file each; every module here is imported at start."""
