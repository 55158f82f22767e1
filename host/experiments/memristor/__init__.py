"""Memristors: devices, crossbars, and learning on them in float."""
