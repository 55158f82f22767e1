"""The catalogue. A new experiment is its module, and an entry here."""

from __future__ import annotations

from typing import Any

from axonloop.host.catalogue.entry import POPULATION, Entry, by_name


def _experiment(name: str, module: str, what: str, source: str, time: str, **options: Any) -> Entry:
    """An experiment of a paper; without a device, all of it is in float."""
    taken = options | {"full": False}
    return Entry("experiment", name, f"experiments.{module}", what, source, time, taken)


def _study(
    name: str, what: str, source: str, time: str, resumes: bool = False, **options: Any
) -> Entry:
    return Entry("study", name, f"studies.{name}", what, source, time, options, resumes)


def _bench(name: str, what: str, source: str, time: str) -> Entry:
    return Entry("bench", name, f"bench.{name}", what, source, time)


EXPERIMENTS = by_name(
    _experiment(
        "memory",
        "gradient_cost",
        "bytes kept, multiplies and time of each way to a gradient, against ticks and neurons",
        "Zenke & Neftci 2021, section II",
        "3 minutes",
    ),
    _experiment(
        "recurrence",
        "recurrence.float",
        "feed-forward, recurrent with detached gradient, fully recurrent networks on Randman",
        "Zenke & Neftci 2021, figure 3; Zenke & Vogels 2021",
        "5 minutes",
        seeds=None,
    ),
    _experiment(
        "recurrence-chip",
        "recurrence.chip",
        "a recurrent layer on the chip, by width and without: in the loop; pre-trained, tuned",
        "the same task on the chip",
        "10 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "spike-timing",
        "spike_timing.experiment",
        "four neurons that are to spike at given ticks: distance and updates against threshold C",
        "Neftci 2018, figure 3",
        "1 minute",
        device=POPULATION,
        seeds=None,
    ),
    _experiment(
        "resume",
        "spike_timing.resume",
        "ReSuMe: the same task from pairs of spikes; missing and extra spikes over the passes",
        "Ponulak & Kasinski 2010",
        "1 minute",
        device=POPULATION,
        seeds=None,
    ),
    _experiment(
        "decolle-regression",
        "decolle.regression_experiment",
        "three layers that follow a ramp and two sines, each with its own readout and error",
        "Kaiser, Mostafa & Neftci 2020, figure 1",
        "10 minutes",
        device="batched",
        seeds=None,
    ),
    _experiment(
        "decolle-digits",
        "decolle.digits",
        "digits: accuracy against synapses visited for all error encoders, and against event rate",
        "Kaiser, Mostafa & Neftci 2020; Payvand et al. 2020",
        "51 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "erbp-digits",
        "erbp.digits",
        "digits by random feedback of error spikes, readout learned too: accuracy, operations",
        "Neftci 2018, figure 1; Neftci et al. 2017",
        "6 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "yin-yang",
        "yin_yang",
        "spike times, 120 neurons: learning in the loop, and pre-trained, deployed, tuned",
        "Kriener, Göltz & Petrovici 2022",
        "11 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "stdp-window",
        "stdp_window",
        "pair STDP, and STDP times a modulation or an error, measured by pairs of spikes",
        "Neftci 2018, figure 2",
        "1 minute",
        device="rtl",
    ),
    _experiment(
        "stdp-trains",
        "stdp_trains",
        "pair STDP of whole spike trains: every pair of spikes, or the nearest spike alone",
        "Neftci 2018, figure 2; Morrison, Diesmann & Gerstner 2008",
        "1 minute",
        device="rtl",
    ),
    _experiment(
        "stdp-digits",
        "stdp_digits",
        "digits without labels: 128 neurons, STDP, lateral inhibition and rising thresholds",
        "Diehl & Cook 2015; Roy et al. 2019, figure 4b",
        "15 minutes",
        device="golden",
        seeds=None,
        limit=None,
    ),
    _experiment(
        "liquid",
        "liquid",
        "digits row by row into a fixed recurrent network, linear readout; inputs alone beside it",
        "Maass, Natschläger & Markram 2002",
        "1 minute",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "reward",
        "reward.experiment",
        "a bandit and a grid learned from rewards: return against episodes, float, chance",
        "Florian 2007; Sutton & Barto 2018, section 13.5",
        "2 minutes",
        device=POPULATION,
        seeds=8,
    ),
    _experiment(
        "perceptron-limit",
        "capacity.perceptron",
        "random dichotomies that a neuron without leak learns, by load and weight bits",
        "Cover 1965; Fouda et al. 2019, equation 3",
        "10 minutes",
        device=POPULATION,
        seeds=None,
    ),
    _experiment(
        "changing-tasks",
        "changing_tasks",
        "few shots after a sensor broke; digits 5 to 9 after 0 to 4: what is forgotten",
        "Stewart et al. 2020; Roy et al. 2019",
        "4 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "store-recall",
        "store_recall",
        "which digit came with STORE: neurons with adaptive thresholds against plain ones",
        "Zenke & Neftci 2021, section IV; Bellec et al. 2018",
        "6 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "contrastive",
        "contrastive.experiment",
        "event-driven contrastive divergence on synapses that drop spikes: patterns completed",
        "Neftci et al. 2014; Neftci et al. 2016",
        "15 minutes",
        device="golden",
        seeds=None,
    ),
    _experiment(
        "equilibrium-digits",
        "equilibrium_digits",
        "digits by equilibrium propagation and contrastive Hebbian learning, either feedback",
        "Scellier & Bengio 2017; Xie & Seung 2003; Detorakis et al. 2019",
        "2 minutes",
        seeds=None,
        limit=None,
    ),
    _experiment(
        "latency-digits",
        "latency_digits",
        "digits of one spike per pixel: time to first spike, rank order",
        "codes of one spike per pixel",
        "23 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "ann-snn",
        "ann_snn",
        "digits by ReLU networks as integrate-and-fire neurons: accuracy against ticks",
        "Diehl et al. 2015; Rueckauer et al. 2017; Roy et al. 2019",
        "2 minutes",
        device="golden",
        seeds=None,
        limit=None,
    ),
    _experiment(
        "stochastic-neuron",
        "contrastive.stochastic_neuron",
        "neurons that spike by chance: the share of ticks against the potential",
        "Neftci 2018, equation 3",
        "1 minute",
        device="rtl",
        seeds=None,
    ),
    _experiment(
        "memristor-device",
        "memristor.device",
        "memristors: pulses and conductance, their inverse, spread, mapping, write-verify, ageing",
        "Fouda et al. 2019, figures 6, 7a, 7b; Park et al. 2016",
        "1 minute",
        seeds=None,
    ),
    _experiment(
        "crossbar",
        "memristor.crossbar",
        "what wires make of weights on a crossbar, in parts and behind a mask; delay; speed",
        "Fouda et al. 2019, figures 4, 5",
        "3 minutes",
    ),
    _experiment(
        "memristor-digits",
        "memristor.digits",
        "digits on memristors: pulses with and without compensation, variation, writes per device",
        "Fouda et al. 2019, equations 13 to 17; Payvand et al. 2020",
        "20 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
        memristor="mo-tiox-tin",
    ),
    _experiment(
        "crossbar-digits",
        "memristor.crossbar_digits",
        "digits through the wires of a crossbar: deployed, tuned in the loop, learned from scratch",
        "Fouda et al. 2019, figure 4 and semi-online training",
        "5 minutes",
        device=POPULATION,
        seeds=None,
        limit=None,
    ),
    _experiment(
        "ica",
        "memristor.ica",
        "two sources unmixed on memristors: compensation of pulses, gains, spread, whole pulses",
        "Fouda, Neftci, Eltawil & Kurdahi 2019; Fouda et al. 2019, figure 10",
        "1 minute",
        seeds=20,
        memristor="mo-tiox-tin",
    ),
    _experiment(
        "matched-neuron",
        "memristor.matched_neuron",
        "digits by an update that sees the weight: in the neuron that matches it, in a plain one",
        "Neftci 2018, equations 7, 8, figure 4",
        "1 minute",
        seeds=None,
    ),
)
"""The experiments of the papers, in the order of the results page."""

STUDIES = by_name(
    _study(
        "layers",
        "one layer and two on a mesh: accuracy of every layer",
        "docs/training.md",
        "an hour",
        resumes=True,
        device="golden",
        seeds=8,
        epochs=12,
        limit=None,
        jobs=2,
    ),
    _study(
        "deploy",
        "trained in float, rounded onto the chip, tuned in its loop",
        "docs/surrogate.md",
        "3 minutes",
        device=POPULATION,
        seeds=3,
        limit=None,
    ),
    _study(
        "bits",
        "learning with ternary, 3, 4, 6, 8 and 16-bit weights and both roundings",
        "docs/surrogate.md",
        "7 minutes",
        seeds=5,
        epochs=4,
        limit=None,
    ),
    _study(
        "rates",
        "learning with many error rates and seeds at once, on a population of chips",
        "docs/surrogate.md",
        "2 minutes",
        seeds=5,
        epochs=3,
        limit=None,
    ),
    _study(
        "area",
        "what lanes, widths and sizes cost on an FPGA",
        "docs/boards.md",
        "an hour",
        resumes=True,
        board="ulx3s-85f",
        full=False,
    ),
)
"""Comparisons over settings, seeds and builds of this chip."""

BENCHES = by_name(
    _bench("core", "cycles and speed of a core, beside other cores", "docs/figures.md", "1 minute"),
    _bench(
        "batched",
        "many chips at once in integers, beside float networks in torch",
        "docs/batched.md",
        "1 minute",
    ),
    _bench(
        "link",
        "what the serial link makes of its line, on a co-simulated board",
        "docs/link.md",
        "minutes",
    ),
    _bench(
        "mesh",
        "traffic on the mesh; one network on one, two and four cores",
        "docs/figures.md",
        "10 minutes",
    ),
)
"""What is measured of speed."""

CATALOGUE = {"experiment": EXPERIMENTS, "study": STUDIES, "bench": BENCHES}
"""The entries of every kind, by name."""
