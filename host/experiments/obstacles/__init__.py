"""The obstacles of backpropagation on a chip, removed one by one."""
