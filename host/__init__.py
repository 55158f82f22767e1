"""The host: devices, processing core, training, command line."""
