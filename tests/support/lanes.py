"""Single lanes in Amaranth's own simulator: a sample goes in with every cycle."""

from amaranth.sim import Simulator


def stream_through(lane, drive, observe, latency, samples):
    """Feed a sample per cycle; the outputs `latency` cycles later, one per sample."""
    seen = []

    async def bench(ctx):
        for cycle in range(len(samples) + latency):
            if cycle >= latency:
                seen.append(observe(ctx))
            if cycle < len(samples):
                drive(ctx, samples[cycle])
            await ctx.tick()

    # The outputs are looked at before the clock edge: a stage is an edge.
    simulator = Simulator(lane)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen
