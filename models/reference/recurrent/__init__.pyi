from .eprop import EProp as EProp
from .layered import ChainRtrl as ChainRtrl
from .layered import OnlineChain as OnlineChain
from .layered import chain_online_gradients as chain_online_gradients
from .ostl import Ostl as Ostl
from .snap import Snap as Snap
