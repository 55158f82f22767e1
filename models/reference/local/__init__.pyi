from .activity import activity_cost as activity_cost
from .block import BoxSpike as BoxSpike
from .block import DecolleBlock as DecolleBlock
from .block import DecolleHeard as DecolleHeard
from .feedback import TwoWayLinear as TwoWayLinear
from .feedback import sign_concordant as sign_concordant
