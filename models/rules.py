"""Learning rules by name: the terms that go into `ParameterSet.terms` (docs/rules.md).

S_i and S_j are the spikes of neuron and axon in this tick; Q_j, P_j, Z_i the traces, with this
tick's spikes in them, shifted and clipped (`qq_shift`, `pq_shift`, `z_shift`); E_i the neuron's
error, M the modulation. Rules add up: `pair_stdp(4, 4) + homeostasis(12, 8)` is one of four terms.
"""

from __future__ import annotations

from dataclasses import replace

from axonloop.models.config import AxonFactor, NeuronFactor, Term, ThirdFactor, plain_rule

Rule = tuple[Term, ...]


def error_triggered(shift: int) -> Rule:
    """dW = -2^-shift E_i P_j, where an error gated by the box has B_i in E_i.

    Neftci 2018, Payvand et al. 2020; the update of DECOLLE (Kaiser et al. 2020). As the first
    term of a set it is the plain rule bit for bit.
    """
    return (plain_rule(shift),)


def pair_stdp(rise: int, fall: int, third: ThirdFactor = ThirdFactor.ONE) -> Rule:
    """dW = 2^-rise S_i Q_j - 2^-fall S_j Z_i: every pair of spikes counts.

    Song, Miller & Abbott 2000, with traces as in Morrison, Diesmann & Gerstner 2008. A pair in
    the same tick counts in both terms. `third` multiplies both.
    """
    return (
        Term(AxonFactor.QQ, NeuronFactor.SPIKE, third, 1, shift=rise),
        Term(AxonFactor.SPIKE, NeuronFactor.ZQ, third, -1, shift=fall),
    )


def modulated_stdp(rise: int, fall: int, third: ThirdFactor = ThirdFactor.MODULATION) -> Rule:
    """dW = M (2^-rise S_i Q_j - 2^-fall S_j Z_i), or with the neuron's E_i instead of M.

    MSTDP of Florian 2007: the reward of the tick in which a pair completes. There is no
    eligibility trace of a synapse, so it is not his MSTDPET.
    """
    return pair_stdp(rise, fall, third)


def late_reward(shift: int, scale: int = 0) -> Rule:
    """dW = 2^-(scale + shift) M Z_i P_j: the reward finds what both traces still hold.

    A product of two traces, not a trace of products as in MSTDPET: neurons and axons that were
    active at other moments learn too, and which came first is forgotten. The product of Z and M,
    after `scale`, must fit error_bits.
    """
    return (Term(AxonFactor.PQ, NeuronFactor.ZQ, ThirdFactor.MODULATION, 1, scale, shift),)


def contrastive(shift: int) -> Rule:
    """dW = 2^-shift M (S_i Q_j + S_j Z_i): a symmetric window.

    Event-driven contrastive divergence (Neftci et al. 2014): M = 1 while the data are clamped,
    -1 while the network reconstructs, 0 while it settles.
    """
    third = ThirdFactor.MODULATION
    return (
        Term(AxonFactor.QQ, NeuronFactor.SPIKE, third, 1, shift=shift),
        Term(AxonFactor.SPIKE, NeuronFactor.ZQ, third, 1, shift=shift),
    )


def homeostasis(rise: int, fall: int, axon: AxonFactor = AxonFactor.ONE) -> Rule:
    """dW = a_j (2^-rise - 2^-fall S_i): at rest where the neuron's rate is 2^(fall - rise).

    Spikes alone move weights here, not pairs (Kempter, Gerstner & van Hemmen 1999). The axon
    factor a_j is 1, or another: with SPIKE only the rows that spike move, each at its own rate.
    """
    return (
        Term(axon, NeuronFactor.ONE, sign=1, shift=rise),
        Term(axon, NeuronFactor.SPIKE, sign=-1, shift=fall),
    )


def toward_input(shift: int) -> Rule:
    """dW = S_i (2^-shift Q_j - 1): a neuron that spikes moves toward what was active before it.

    Diehl & Cook 2015, their post-synaptic rule eta (x_pre - x_tar) S_i with x_tar = 2^shift, but
    without a factor of the weight (`weighted` adds it): weights stop at the end of their range.
    """
    return (
        Term(AxonFactor.QQ, NeuronFactor.SPIKE, sign=1, shift=shift),
        Term(AxonFactor.ONE, NeuronFactor.SPIKE, sign=-1),
    )


def weighted(rule: Rule) -> Rule:
    """The rule with all terms times a gain of the weight: what the core's gain tables say.

    With `soft_bound_gains` of `axonloop.models.memristor` pair STDP has soft bounds (van Rossum, Bi
    & Turrigiano 2000), with a power those of Gutig et al. 2003; with `power_gains` `toward_input`
    is the rule of Diehl & Cook 2015 with their factor (w_max - w)^mu.
    """
    return tuple(replace(term, weighted=True) for term in rule)


def weight_decay(shift: int) -> Rule:
    """dW = -2^-shift W / W_max, in every tick, with `soft_bound_gains`: two terms, up and down.

    One rises with the headroom above the weight, one falls with that below it: what is left of
    both is the weight.
    """
    return weighted(
        (
            Term(AxonFactor.ONE, sign=1, shift=shift),
            Term(AxonFactor.ONE, sign=-1, shift=shift),
        )
    )


def matched(shift: int, third: ThirdFactor = ThirdFactor.ERROR, sign: int = -1) -> Rule:
    """dW = sign X_i (S_j - sigma(alpha w + beta)) / 2^shift, X the third factor or S_i for ONE.

    Neftci 2018, equation 7, with `sigmoid_gains` of `axonloop.models.memristor`: with errors the
    gradient of the neuron of equation 8, with ONE the update of a memristor by pairs of spikes.
    """
    neuron = NeuronFactor.SPIKE if third is ThirdFactor.ONE else NeuronFactor.ONE
    seen = Term(AxonFactor.SPIKE, neuron, third, sign, shift=shift)
    return (seen, Term(AxonFactor.ONE, neuron, third, -sign, shift=shift, weighted=True))
