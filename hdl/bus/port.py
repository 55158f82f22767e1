"""The registers of a chip on a bus, with queues of words both ways."""

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from axonloop.hdl.bus.registers import BUS_MAGIC, BUS_VERSION, Access, BusRegister, Interrupt

READ_ONLY = (
    BusRegister.MAGIC,
    BusRegister.VERSION,
    BusRegister.DEPTHS,
    BusRegister.ROOM,
    BusRegister.LEVEL,
    BusRegister.REPLY,
)


class BusPort(wiring.Component):
    """Registers (docs/verilog.md) between accesses of a bus and a chip's streams. Rules:

    1. A word that is written to COMMAND goes to the chip, in order; a word of the chip is read from
       REPLY, once. As many as ROOM told can be written, as many as LEVEL told can be read.
    2. Refused, without any effect but the interrupt REFUSED, is: a write of a register that cannot
       be written, or of less than a word; a read of COMMAND; an access to no register; a write of
       COMMAND without room, a read of REPLY without a word.
    3. While RESET is 1, the chip is in reset and both queues are empty; ROOM and LEVEL are 0.
    4. `irq` is 1 while an interrupt is both enabled and pending.

    Latency: 1 cycle from an access to its answer; 2 cycles from COMMAND to the chip, as many from
    the chip to LEVEL.

    Members
    -------
    access : from the bus
    commands, replies : the chip's streams
    chip_reset : the chip must be in reset
    irq : for the processor, as long as its cause lasts
    """

    def __init__(self, command_depth: int, reply_depth: int) -> None:
        self._depths = (command_depth, reply_depth)
        words = stream.Signature(32)
        super().__init__(
            {
                "access": In(Access()),
                "commands": Out(words),
                "replies": In(words),
                "chip_reset": Out(1),
                "irq": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._reset = Signal()
        to_chip, to_bus = (SyncFIFOBuffered(width=32, depth=depth) for depth in self._depths)
        m.submodules.to_chip = ResetInserter(self._reset)(to_chip)
        m.submodules.to_bus = ResetInserter(self._reset)(to_bus)
        room, level = Signal(16), Signal(16)
        m.d.comb += [
            self.chip_reset.eq(self._reset),
            self.commands.valid.eq(to_chip.r_rdy & ~self._reset),
            self.commands.payload.eq(to_chip.r_data),
            to_chip.r_en.eq(self.commands.ready),
            self.replies.ready.eq(to_bus.w_rdy & ~self._reset),
            to_bus.w_en.eq(self.replies.valid & ~self._reset),
            to_bus.w_data.eq(self.replies.payload),
            # A word on its way through a queue is not told of before it can be had.
            room.eq(Mux(to_chip.w_rdy & ~self._reset, self._depths[0] - to_chip.level, 0)),
            level.eq(Mux(to_bus.r_rdy & ~self._reset, to_bus.level, 0)),
        ]
        self._registers(m, room, level, to_bus.r_data)
        m.d.comb += [
            to_chip.w_data.eq(self.access.data),
            to_chip.w_en.eq(self._done(BusRegister.COMMAND)),
            to_bus.r_en.eq(self._done(BusRegister.REPLY)),
        ]
        return m

    def _registers(self, m: Module, room: Signal, level: Signal, reply: Value) -> None:
        access = self.access
        wanted = [Signal(16, name="room_wanted"), Signal(16, name="level_wanted", init=1)]
        enabled, refused = Signal(len(Interrupt)), Signal()
        pending = Cat(room >= wanted[0], level >= wanted[1], refused)
        words = {
            BusRegister.MAGIC: BUS_MAGIC,
            BusRegister.VERSION: BUS_VERSION,
            BusRegister.DEPTHS: self._depths[0] | self._depths[1] << 16,
            BusRegister.RESET: self._reset,
            BusRegister.ROOM: room,
            BusRegister.LEVEL: level,
            BusRegister.ROOM_WANTED: wanted[0],
            BusRegister.LEVEL_WANTED: wanted[1],
            BusRegister.ENABLE: enabled,
            BusRegister.PENDING: pending,
            BusRegister.COMMAND: 0,
            BusRegister.REPLY: reply,
        }
        word, bad = Signal(32), Signal(init=1)
        with m.Switch(access.number):
            for register, value in words.items():
                with m.Case(register):
                    m.d.comb += [word.eq(value), bad.eq(self._is_refused(register, room, level))]
        self._good = Signal()
        m.d.comb += self._good.eq(access.ask & ~bad)
        m.d.sync += [access.word.eq(word), access.refused.eq(bad)]
        m.d.comb += self.irq.eq((enabled & pending).any())
        given = access.data
        with m.If(access.ask & bad):
            m.d.sync += refused.eq(1)
        with m.If(self._done(BusRegister.PENDING) & access.write & given[Interrupt.REFUSED]):
            m.d.sync += refused.eq(0)
        settings = {
            BusRegister.RESET: self._reset,
            BusRegister.ROOM_WANTED: wanted[0],
            BusRegister.LEVEL_WANTED: wanted[1],
            BusRegister.ENABLE: enabled,
        }
        for register, setting in settings.items():
            with m.If(self._done(register) & access.write):
                m.d.sync += setting.eq(given)

    def _is_refused(self, register: BusRegister, room: Value, level: Value) -> Value:
        """Whether an access to a register that there is must be refused."""
        write, part = self.access.write, self.access.write & ~self.access.whole
        if register is BusRegister.COMMAND:
            return ~write | part | (room == 0)
        if register is BusRegister.REPLY:
            return write | (level == 0)
        return write if register in READ_ONLY else part

    def _done(self, register: BusRegister) -> Value:
        """Whether this register is accessed in this cycle, and not refused."""
        return self._good & (self.access.number == register)
