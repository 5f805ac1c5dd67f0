"""Every alert fires in the state it is made for, and in no other: on what real processes tell."""

import time

import grpc
import pytest

from pipeline.deployment import metrics, stream_watch
from pipeline.deployment.models_config import NEWEST
from pipeline.deployment.rendering import render
from pipeline.deployment.settings import ServingSettings
from pipeline.gates import Gates
from tests.pipeline.deployment import promtool
from tests.pipeline.deployment.promql import expressions_of, fires, samples
from tests.pipeline.deployment.states import Server, Stream, exposures, told_of, traffic

DAY = 86_400


class World:
    """A server, a stream and a watch that are well, as Prometheus sees them."""

    def __init__(self, folder):
        self.folder = folder
        self.server = Server(folder)
        self.stream = Stream(folder)
        self.traffic = traffic(folder / "traffic")
        self.up = {metrics.JOB: 1, stream_watch.JOB: 1}

    def differ(self, **measures):
        """Measures of the traffic that are otherwise."""
        self.traffic = self.traffic.model_copy(update=measures)

    def scraped(self):
        """All samples, with the labels that Prometheus adds."""
        texts = {
            (metrics.JOB, "server"): self.server.told(),
            (stream_watch.JOB, "stream"): self.stream.told(),
            (stream_watch.JOB, "watch"): told_of(self.traffic),
        }
        found = {}
        for (job, instance), text in texts.items():
            if job not in self.up:
                continue
            found |= samples(f"up {self.up[job]}\n{text}", job=job, instance=instance)
        return found


def fail(world):
    for _ in range(50):
        world.server.call(grpc.StatusCode.INTERNAL)


def overload(world):
    for _ in range(50):
        world.server.refuse()


def answer_late(world):
    for _ in range(50):
        world.server.call(seconds=0.05)


def take_poison(world):
    world.stream.send([("ann", b"?"), *exposures(["bob"])])
    world.stream.consumer.run(until_idle=True)


def damage(world):
    world.stream.damage("ann")
    world.stream.send(exposures(["ann"]))
    world.stream.consumer.run(until_idle=True)


def leave_unlogged(world):
    world.stream.send(exposures(["ann"]), age=7200)
    world.stream.consumer.run(until_idle=True)
    world.stream.compactor._gather()


# What happens between the scrapes -> the alerts, without `Recommender`.
STATES = {
    "well": (lambda world: None, set()),
    "failing": (fail, {"FailingPage", "FailingTicket"}),
    "late": (answer_late, {"SlowPage", "SlowTicket"}),
    "down": (lambda world: world.up.update({metrics.JOB: 0}), {"Down"}),
    "not found": (lambda world: world.up.pop(metrics.JOB), {"Down"}),
    "load": (lambda world: world.server.load(OSError), {"LoadFailed"}),
    "shedding": (lambda world: world.server.refuse(), {"Shedding"}),
    "batches full": (
        lambda world: world.server.call(grpc.StatusCode.UNAVAILABLE),
        {"Shedding"},
    ),
    "overloaded": (overload, {"FailingPage", "FailingTicket", "Shedding"}),
    "stream down": (lambda world: world.up.update({stream_watch.JOB: 0}), {"StreamDown"}),
    "stream not found": (
        lambda world: world.up.pop(stream_watch.JOB),
        {"StreamDown", "TrafficUnmeasured"},
    ),
    "stream gone": (lambda world: world.stream.lose(), {"StreamUnreachable"}),
    "behind": (lambda world: world.stream.send(exposures(["ann"]), age=60), {"StreamBehind"}),
    "poison": (take_poison, {"StreamDeadLetters"}),
    "damaged": (damage, {"StateDamaged"}),
    "unlogged": (leave_unlogged, {"LogBehind"}),
    "drift": (lambda world: world.differ(score_drift=0.3, score_drift_noise=0.1), {"ScoresDrift"}),
    "drift by chance": (lambda world: world.differ(score_drift=0.3, score_drift_noise=0.3), set()),
    "promised too much": (lambda world: world.differ(calibration=2.5), {"Miscalibrated"}),
    "promised too little": (lambda world: world.differ(calibration=0.4), {"Miscalibrated"}),
    "hardly a positive": (
        lambda world: world.differ(calibration=2.5, normalised_entropy=2.0, positives=9),
        set(),
    ),
    "uninformative": (lambda world: world.differ(normalised_entropy=1.1), {"Uninformative"}),
    "falling back": (lambda world: world.differ(fallback_share=0.02), {"FallingBack"}),
    "collapsed": (lambda world: world.differ(catalogue_coverage=0.01), {"Collapsed"}),
    "stale": (lambda world: world.differ(model_age_seconds=15.0 * DAY), {"ModelStale"}),
    "unmeasured": (
        lambda world: world.differ(measured_at=int(time.time()) - 3 * 3600),
        {"TrafficUnmeasured"},
    ),
    "no events": (
        lambda world: world.differ(last_event=int(time.time()) - 7 * 3600),
        {"NoEvents"},
    ),
    "never measured": (
        lambda world: setattr(world, "traffic", None),
        {"TrafficUnmeasured"},
    ),
    "nothing known": (
        lambda world: world.differ(
            calibration=None,
            normalised_entropy=None,
            score_drift=None,
            score_drift_noise=None,
            fallback_share=None,
            catalogue_coverage=None,
            model_age_seconds=None,
        ),
        set(),
    ),
}


@pytest.fixture(scope="module")
def rules(files):
    return expressions_of(files)


@pytest.mark.parametrize("state", STATES)
def test_alerts_fire_in_their_states_alone(state, rules, tmp_path):
    happens, expected = STATES[state]
    world = World(tmp_path)
    before = world.scraped()
    world.server.calls()
    happens(world)
    after, now = world.scraped(), time.time()
    found = {name for name, rule in rules.items() if fires(rule, before, after, now)}
    assert found == {f"Recommender{name}" for name in expected}
    if promtool.PROMTOOL:
        path = tmp_path / "alerts.yaml"
        path.write_text(render(ServingSettings(), NEWEST, Gates())["monitoring/alerts.yaml"])
        assert promtool.firing(tmp_path, path, before, after, now) == found


def test_every_alert_has_a_state_in_which_it_fires(rules):
    assert {f"Recommender{name}" for _, names in STATES.values() for name in names} == set(rules)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up == 0", False),
        ("max by (part) (waits) > 4", True),
        ("max by (part) (waits) > 5", False),
        ('waits{part="a"} > 4', False),
        ('waits{part=~"b|c"} - noise > 4', True),
        ("sum(rate(done[5m])) / sum(rate(all[5m])) > 0.49", True),
        ("sum(rate(done[5m])) / sum(rate(all[5m])) > 0.51", False),
        ("increase(fresh[5m]) > 0", False),  # nothing says that it was 0 before
        ("(sum(rate(no[5m])) or vector(0)) < 1", True),
        ("time() - at > 99 and up == 1", True),
        ("time() - at > 101 or absent(at)", False),
        ("time() - gone > 101 or absent(gone)", True),
        ('up{job="x"} == 0 or absent(up{job="x"})', True),
        ("time() - at > 99 and no > 0", False),
        ("(waits < 4 or waits > 5) and waits > 0", True),
        ("(waits < 3 or waits > 5) and waits > 0", False),
    ],
)
def test_the_questions_are_understood(expression, expected):
    before = samples("done 1\nall 2\n")
    after = samples(
        'up 1\nwaits{part="a"} 3\nwaits{part="b"} 5\nnoise{part="b"} 0.5\n'
        "done 3\nall 6\nfresh 7\nat 1000\n"
    )
    assert fires(expression, before, after, now=1100.0) is expected
