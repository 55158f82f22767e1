"""Contrastive divergence on synapses that drop spikes."""
