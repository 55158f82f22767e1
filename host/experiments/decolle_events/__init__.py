"""DECOLLE's convolutional network on the events of a camera, in float and on the chip."""
