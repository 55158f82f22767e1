"""The errors between the RTL's text and a running chip."""

from __future__ import annotations


class MissingToolError(RuntimeError):
    """A program that a build needs is not installed; the message says how to install it."""


class BuildError(RuntimeError):
    """A build failed, or its result could not be stored; nothing half-written stays behind."""


class SimulationError(RuntimeError):
    """The simulated chip hung or broke the packet format."""
