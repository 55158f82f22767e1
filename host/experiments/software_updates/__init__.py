"""Chips in the loop of software updates: backpropagation through what was recorded on them."""
