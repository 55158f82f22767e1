"""The commands `axonloop memristor`."""
