"""DECOLLE: deep networks that learn locally."""
