from .converted import ConvertedNetwork as ConvertedNetwork
from .converted import SpikingRun as SpikingRun
from .converter import convert_torch as convert_torch
from .tools import import_torch as import_torch
