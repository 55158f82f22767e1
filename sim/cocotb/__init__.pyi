from .answers import AnswerCount as AnswerCount
from .bench import run_bench as run_bench
from .packet_port import PacketPort as PacketPort
from .scoreboard import Scoreboard as Scoreboard
from .serial_line import SerialLine as SerialLine
from .serial_line import SerialMonitor as SerialMonitor
from .serial_line import send_bytes as send_bytes
from .stream_monitor import StreamMonitor as StreamMonitor
