"""Configuration, packets, registers and the models that hardware is held against."""
