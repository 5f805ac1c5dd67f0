"""Settings of the models: retriever, ranker and the composed recommender."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from trainer.tuning.settings import Range, TuningSettings, check_space
from transform.settings import Frozen

# What the validation rows say of an epoch, in the history: the epoch with the most is kept.
MEASURE = "val_ndcg_at_10"


class TrainingSettings(Frozen):
    """What both trainings share.

    Attributes:
        batch_size: Global batch: rows a step, over all workers. Each replica (a worker on CPUs,
            each of its GPUs else) takes an equal share, so this must be a multiple of their number.
        epochs: Passes over the rows at most; training stops early when validation stops improving.
        patience: Epochs without improvement on the validation rows before stopping.
        learning_rate: Peak learning rate of Adam.
        warm_up: Share of all steps (of `epochs` passes) in which the learning rate rises to it.
        final_learning_rate: Share of the peak to which it then falls, along half a cosine, by the
            last step of all; 1 for a rate that stays. A refresh goes on with the rate that the
            training ended with.
        warm_start: Share of the steps of a cold start that a training takes which goes on from the
            weights of the latest blessed model (of `epochs` passes over the rows, at most as many);
            0 for trainings that all start cold. Rows of embedding tables follow their terms, and a
            new item starts with the vector of its content. Needs rows that are held out by time.
            What cannot be gone on from (there is no model yet, it has other dimensions, it knows
            later events, a person was erased from its rows) starts cold and takes all its steps;
            `start.json` of the run says which, and why.
        mixed_precision: Computes the dense layers (attention and the layers after it) in this
            type, which is faster on GPUs with tensor cores for it; None for float32. Weights,
            embeddings, norms, logits, losses and all that is served stay float32. There is no
            float16, whose small range asks for losses that are scaled.
        hash_buckets: Rows m of the table of item ids, where items share them: an item is the mean
            of one of m rows and one of m - 1 others, a pair that is its own up to m (m - 1) items.
            0 gives each item a row. Saves the memory of the table and of Adam's moments for
            catalogues of many millions; such a training always starts cold, since the rows of an
            item follow from its id, which is another in the next vocabulary.
        tuning: A search for better values of some of these settings, before the training, which
            then takes those of the best trial; none by default. A run on other rows searches anew.
    """

    batch_size: int = Field(default=64, ge=1)
    epochs: int = Field(default=20, ge=1)
    patience: int = Field(default=3, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0.0)
    warm_up: float = Field(default=0.0, ge=0.0, le=1.0)
    final_learning_rate: float = Field(default=1.0, gt=0.0, le=1.0)
    warm_start: float = Field(default=0.0, ge=0.0, le=1.0)
    mixed_precision: Literal["bfloat16"] | None = None
    hash_buckets: int = Field(default=0, ge=0)
    tuning: TuningSettings | None = None

    @property
    def measure(self) -> str:
        """Name, in the history, of what the validation rows say of an epoch: the most is kept."""
        return MEASURE

    @property
    def policy(self) -> str:
        """Keras' name of the policy of dense layers."""
        return f"mixed_{self.mixed_precision}" if self.mixed_precision else "float32"

    def in_float32(self) -> Self:
        """The same model as it is served, whatever it is trained in."""
        return self.model_copy(update={"mixed_precision": None})

    @model_validator(mode="after")
    def _hashed_ids_start_cold(self) -> Self:
        if self.hash_buckets and self.warm_start:
            raise ValueError(
                "`warm_start` needs a row for each item, which follows the item's name; rows that "
                "items share follow from ids, and those change with the vocabulary. Received: "
                f"warm_start {self.warm_start} with hash_buckets {self.hash_buckets}. Leave one "
                "of them out."
            )
        return self

    @model_validator(mode="after")
    def _space_is_of_these(self) -> Self:
        if self.tuning:
            check_space(self, self.tuning.space)
        return self

    def possible(self, name: str) -> tuple[Any, ...]:
        """Values with which a training may meet a setting: its own, or those of the search."""
        values = self.tuning.space.get(name) if self.tuning else None
        if values is None:
            return (getattr(self, name),)
        return values.values if isinstance(values, Range) else values


class RetrieverSettings(TrainingSettings):
    """Two-tower retriever: a causal transformer over the history against an item tower.

    Attributes:
        dimension: Width D of the embeddings.
        layers: Transformer blocks.
        heads: Attention heads; must divide `dimension`.
        dropout: Dropout rate.
        id_dropout: Rate at which an item's id is hidden in training, so that content carries it.
        softmax: Candidates of the loss. `full` takes all items: exact, at a cost that grows with
            the catalogue. `sampled` takes `in_batch_negatives` and `uniform_negatives`, at a cost
            that does not; `auto` does so where there are more items than a batch has positions.
        in_batch_negatives: Of the positives of the batch, over all workers, as many at most are
            candidates of each query of a step, beside its own.
        uniform_negatives: Items drawn uniformly from the catalogue each step, beside those of
            the batch.
        xla: Lets XLA compile the transformer blocks of a training step into a few fused kernels.
            Of use on GPUs; the first steps take longer. Dropout is then another at each run,
            whatever the seed.
        refresh_epochs: Passes over the validation rows once the best epoch is found, so that the
            served model knows the latest events too; 0 for none. Calibration still takes the
            weights from before.
    """

    dimension: int = Field(default=64, ge=4)
    layers: int = Field(default=2, ge=1)
    heads: int = Field(default=2, ge=1)
    dropout: float = Field(default=0.2, ge=0.0, lt=1.0)
    id_dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    softmax: Literal["auto", "full", "sampled"] = "auto"
    in_batch_negatives: int = Field(default=512, ge=1)
    uniform_negatives: int = Field(default=512, ge=1)
    xla: bool = False
    refresh_epochs: int = Field(default=2, ge=0)

    def is_full_softmax(self, items: int, length: int) -> bool:
        """Whether a training takes all `items` as candidates, in windows of `length` events."""
        if self.softmax == "auto":
            return items <= self.batch_size * length
        return self.softmax == "full"


class RankerSettings(TrainingSettings):
    """Sequence ranker: target attention over the history, then explicit feature crosses (DCN-v2).

    Attributes:
        dimension: Width of the item vectors.
        cross_layers: DCN-v2 cross layers.
        hidden: Widths of the dense layers after the crosses.
        dropout: Dropout rate.
        positive_weight: How often each positive counts against a negative in the binary loss, for
            positives that are rare; 1 for as often as it happens.
        focal_gamma: How much the binary loss looks at the candidates that are told wrong: one whose
            label gets the probability q counts (1 - q) ** focal_gamma times; 0 for all alike. It
            may stand beside a weight. Of both, as of candidates that were left out by chance, the
            logits are corrected: what the model says are probabilities
            (`trainer.ranker.loss.BinaryLoss`).
        id_shrinkage: Events k with which the vector of an item's id is half its own, half that of
            items without any: n / (n + k) with n in training, so that an item of few events is told
            by its content, as a mean shrinks to that of its group; 0 for ids that count in full. Of
            use where most items have few events: their ids are learned by heart, and their
            probabilities come out far too high.
        keep: What of the validation rows chooses the epoch. `order`: NDCG@10 among the candidates;
            `probabilities`: log loss, where a candidate stands for all that were left out like it.
            They part where negatives are few of very many.
    """

    dimension: int = Field(default=32, ge=4)
    cross_layers: int = Field(default=2, ge=1)
    hidden: tuple[int, ...] = (64, 32)
    dropout: float = Field(default=0.1, ge=0.0, lt=1.0)
    positive_weight: float = Field(default=1.0, gt=0.0, le=1e6)
    focal_gamma: float = Field(default=0.0, ge=0.0, le=10.0)
    id_shrinkage: float = Field(default=0.0, ge=0.0)
    keep: Literal["order", "probabilities"] = "order"

    @property
    def measure(self) -> str:
        """Name of what chooses the epoch."""
        return MEASURE if self.keep == "order" else "val_log_likelihood"


class RecommenderSettings(Frozen):
    """The composed path: retrieve, exclude, rank, calibrate, diversify.

    Attributes:
        sources: Candidate sources, in order.
        candidates: Candidates retrieved for a request, over all sources.
        refresh_co_view: Let the validation rows count in the co-view table, once the calibration
            is fitted.
        exclude_seen: Leave out what the history holds (films are not watched twice, groceries are
            bought again).
        diversity: How much a list spreads, from 0 (off: by probability alone) to 1 (by distance
            alone). Each place goes to the candidate with the largest
            `(1 - diversity) * p / best - diversity * nearest`: p is its probability, best that of
            the first place, nearest its largest cosine to an item above it, between vectors of the
            candidate tower. Scores stay the probabilities. What it costs in accuracy and time:
            `benchmarks/README.md`, diversity.
        exploration: Share of the lists of `recommend` in which one item is moved by chance, 0 (off)
            to 0.2. With it, `recommend` gives the probability of each item at its place
            (`propensity`), which the log of exposures keeps for off-policy estimates. The list of a
            request that is repeated is the same.
        exploration_depth: Ranks from which that item may come, or more where longer lists are asked
            for.
        calibration: What scores are fitted to, and measured by. `requests`: what users did next, of
            the candidates that their held-out requests get; a score is the probability that the
            item is the next. `shown`: what users took from the lists that they were shown in the
            held-out periods; a score is the probability that the item is taken if it is shown. It
            needs a log with impressions, and `split: {protocol: time}`. What users find by
            themselves is not what lists are for: they search for what they know, and for what is
            popular (benchmarks/README.md, closed_loop). What newcomers get is ordered by requests
            all the same: lists that were made for others say little of them. The place in the list
            is taken into account where signals are weighed, not where epochs are chosen and scores
            are measured: there, who orders like the served model has an advantage.
        index: How the nearest items are searched: `exact` scores every item, `partitioned` reads
            only the partitions near the query; `auto` takes what costs less for the catalogue.
        index_recall: Share of the truly nearest items that the partitioned index must find. As
            many partitions are read as this takes on held-out requests.
    """

    sources: tuple[Literal["co_view", "two_tower"], ...] = ("two_tower", "co_view")
    candidates: int = Field(default=200, ge=1)
    refresh_co_view: bool = True
    exclude_seen: bool = True
    diversity: float = Field(default=0.0, ge=0.0, le=1.0)
    exploration: float = Field(default=0.0, ge=0.0, le=0.2)
    exploration_depth: int = Field(default=50, ge=2)
    calibration: Literal["requests", "shown"] = "requests"
    index: Literal["auto", "exact", "partitioned"] = "auto"
    index_recall: float = Field(default=0.97, gt=0.0, lt=1.0)

    @property
    def fits_shown_lists(self) -> bool:
        """Whether scores are fitted to lists that were shown."""
        return self.calibration == "shown"

    @field_validator("sources")
    @classmethod
    def _two_tower_once(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        if "two_tower" not in sources or len(set(sources)) < len(sources):
            raise ValueError(
                "sources must name two_tower (it alone can always fill a list), each source once. "
                f"Received: {list(sources)}."
            )
        return sources
