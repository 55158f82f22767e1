"""The commands `axonloop data`."""
