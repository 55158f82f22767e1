"""STDP: its windows, spike trains, and digits without labels."""
