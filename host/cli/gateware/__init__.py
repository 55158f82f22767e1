"""The commands for boards and gateware."""
