"""The commands `wave` and `bisect`."""
