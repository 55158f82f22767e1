"""Chance in neurons and synapses: sampling by spikes, and contrastive divergence."""
