from .neuron import Neurons as Neurons
from .neuron_trace import NeuronTrace as NeuronTrace
from .threshold_noise import ThresholdNoise as ThresholdNoise
