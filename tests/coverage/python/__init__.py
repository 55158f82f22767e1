"""Coverage of Python: the lines and branches of the package that the quick tests run."""
