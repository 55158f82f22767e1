"""How many patterns a neuron can learn."""
