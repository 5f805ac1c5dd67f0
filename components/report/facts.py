"""The facts of a run, typed and plain: all that the page, `report.json` and a notebook show.

Nothing here knows an artifact or TFX; `gather.py` fills it. A part that was not measured is None or
empty, never an error; a number that is not finite counts as not measured.
"""

from __future__ import annotations

from pydantic import Field

from components.checks import Check
from components.report.finite import Number
from components.report.list_facts import ListSample
from transform.features import Feature
from transform.job.account import Account
from transform.settings import Frozen

OVERALL = ""  # the `feature` of the slice that holds every row


class Gate(Frozen):
    """A gate and its checks.

    Attributes:
        name: `data`, `verdict` or `serving`.
        measured: Whether the gate ran and left its checks.
        checks: What it held against its bounds.
    """

    name: str
    measured: bool = False
    checks: tuple[Check, ...] = ()

    @property
    def held(self) -> tuple[Check, ...]:
        """The checks that could fail; one without a bound is only a note."""
        return tuple(check for check in self.checks if not is_note(check))

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)


def is_note(check: Check) -> bool:
    """Whether a check only reports a value: it was measured, and every value would do."""
    return check.passed and check.lower is None and check.upper is None


class Measured(Frozen):
    """A metric's value with its confidence interval, where one was computed."""

    value: Number
    lower: Number = None
    upper: Number = None


class Slice(Frozen):
    """All metrics of one slice.

    Attributes:
        feature: Slice key, or several joined by ` × `; `OVERALL` for all rows.
        value: Its value.
        count: Rows (requests) in the slice, None where unknown.
        metrics: Metric name -> value.
    """

    feature: str
    value: str
    count: int | None = None
    metrics: dict[str, Measured] = Field(default_factory=dict)


class Evaluation(Frozen):
    """What one evaluator measured.

    Attributes:
        name: `list` (the composed recommender's lists) or `ranker` (scores of single candidates).
        metrics: Metric names, in display order.
        slices: Overall first, then by feature and value.
    """

    name: str
    metrics: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()

    @property
    def overall(self) -> Slice | None:
        """The slice of all rows."""
        return next((s for s in self.slices if s.feature == OVERALL), None)

    def by_feature(self, feature: str) -> tuple[Slice, ...]:
        """The slices of one feature."""
        return tuple(s for s in self.slices if s.feature == feature)


class QualityRow(Frozen):
    """One recommender of the comparison: metric name -> value."""

    model: str
    metrics: dict[str, Number]


class CalibrationBin(Frozen):
    """A bin of the reliability diagram.

    Attributes:
        count: Candidates in the bin.
        predicted: Mean predicted probability.
        observed: Share of positives.
    """

    count: float
    predicted: float
    observed: float


class Training(Frozen):
    """Training of one model.

    Attributes:
        model: Which.
        history: Metric name -> value of each epoch.
        chosen: Setting -> the value that a search chose for it; empty without a search.
    """

    model: str
    history: dict[str, tuple[Number, ...]]
    chosen: dict[str, int | float | str] = Field(default_factory=dict)


class Artifact(Frozen):
    """One artifact that the report was made from."""

    role: str
    type_name: str
    id: int
    uri: str


class Facts(Frozen):
    """Everything the report shows.

    Attributes:
        pipeline: Name of the pipeline, None where unknown.
        run_id: Run that produced the report, None where unknown.
        created: Unix seconds at which the report was written.
        settings: The settings as text (YAML or JSON), shown folded.
        settings_hash: Digest of the settings.
        code: Fingerprint of the code.
        versions: Library -> version.
        features: Declared features.
        account: The data account.
        gates: The three gates, in the order in which a run passes them.
        blessed: Whether the verdict lets the model through; None if there was no verdict.
        infra_blessed: Whether a real server answered as it must; None if it was not tried.
        pushed_version: Version directory of the model; None if it was not pushed.
        pushed_labels: The labels that its push moved to it.
        quality: The composed recommender first, then the baselines.
        evaluations: What the evaluators measured.
        calibration: Bins of the reliability diagram, by rising score.
        trainings: Training curves.
        lists: Lists of a sample of held-out requests; None where no model was at hand.
        artifacts: What the report was made from.
    """

    pipeline: str | None = None
    run_id: str | None = None
    created: int
    settings: str = ""
    settings_hash: str = ""
    code: str = ""
    versions: dict[str, str] = Field(default_factory=dict)
    features: tuple[Feature, ...] = ()
    account: Account | None = None
    gates: tuple[Gate, ...] = ()
    blessed: bool | None = None
    infra_blessed: bool | None = None
    pushed_version: int | None = None
    pushed_labels: tuple[str, ...] = ()
    quality: tuple[QualityRow, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    trainings: tuple[Training, ...] = ()
    lists: ListSample | None = None
    artifacts: tuple[Artifact, ...] = ()

    def evaluation(self, name: str) -> Evaluation | None:
        """One evaluation by name."""
        return next((e for e in self.evaluations if e.name == name), None)

    def gate(self, name: str) -> Gate:
        """One gate by name; an unmeasured one if it left nothing."""
        return next((g for g in self.gates if g.name == name), Gate(name=name))

    @property
    def failed(self) -> tuple[Check, ...]:
        """All failed checks, in the order of the gates."""
        return tuple(check for gate in self.gates for check in gate.failed)
