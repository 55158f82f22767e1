"""Event-driven random backpropagation."""
