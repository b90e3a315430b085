"""How the scores of a head become decisions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keras_labels.errors import DecodingError
from keras_labels.spec._arguments import (
    as_thresholds,
    check_flag,
    check_label_counts,
    check_probability,
    shortened,
)
from keras_labels.spec._calibration import Calibration
from keras_labels.spec._class_names import as_class_names, class_names_of
from keras_labels.spec._costs import as_costs, implied_threshold
from keras_labels.spec._head import Head
from keras_labels.spec._prior import as_prior
from keras_labels.spec._wording import in_words

DEFAULT_THRESHOLD = 0.5
_VERSION = 1


@dataclass(frozen=True)
class Decoding:
    """How the scores of a head become classes and labels: a decision.

    Frozen, plain data: a change makes a new one (`replace`), and `from_dict(to_dict())`
    gives an equal one.

    Args:
        head: what the model emits.
        class_names: one name per class (see `as_class_names`): `[negative, positive]`
            for a binary head, one per label for multilabel. `None`: no names.
        threshold: the cut on the probability, in (0, 1): a number, one per label, or
            `{name: value}`. Stored as a tuple: one for binary, one per label for
            multilabel, none for multiclass. Of ordinal one per unit, named by the
            class from which its yes counts. Defaults to 0.5.
        inclusive: whether a probability on the cut is positive (`>=`, not `>`).
        reject_below: least probability that a decision needs, in (0, 1); a class (for
            multilabel: a label's 0 or 1) that has less becomes -1. `None`: none.
        min_labels: least number of labels of a multilabel row; the best are added.
        max_labels: largest number of labels of a multilabel row; the best are kept.
        calibration: a `Calibration`, applied to the scores first. `None`: none.
        prior: how frequent each class is where the model is used, numbers or `{name:
            number}`; probabilities are corrected for it (Saerens et al. 2002, eq. 2.4:
            `p * prior / trained_prior`, divided by the sum). Of multilabel: the
            frequency of each label.
        trained_prior: how frequent each class was in the training data.
        costs: of exclusive classes, `costs[i][j]` for deciding class j where class i
            is true; the class of least expected cost wins. Of a binary head they are
            turned into the threshold that they imply (Elkan 2001, eq. 2).

    Raises:
        DecodingError: if the decision does not fit the head.

    >>> head = Head("multilabel", units=2, from_logits=True)
    >>> Decoding(head, ["red", "round"], threshold={"round": 0.3}).threshold
    (0.5, 0.3)
    """

    head: Head
    class_names: Any = None
    threshold: Any = None
    inclusive: bool = False
    reject_below: float | None = None
    min_labels: int = 0
    max_labels: int | None = None
    calibration: Calibration | None = None
    prior: Any = None
    trained_prior: Any = None
    costs: Any = None

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "head", self._head_of_the_threshold())
        set_field(self, "class_names", class_names_of(self.class_names, self.head))
        self._check_corrections()
        set_field(self, "threshold", self._checked_threshold())
        set_field(self, "inclusive", check_flag("inclusive", self.inclusive))
        if self.reject_below is not None:
            reject = check_probability("reject_below", self.reject_below)
            set_field(self, "reject_below", reject)
        low, high = check_label_counts(self.min_labels, self.max_labels)
        set_field(self, "min_labels", low)
        set_field(self, "max_labels", high)
        self._check_label_counts()
        if self.inclusive and self.head.task == "multiclass":
            raise DecodingError(
                "`inclusive` belongs to a threshold, and a multiclass head has none: "
                "the class of the highest score wins. Leave it out."
            )

    def __str__(self) -> str:
        """Say it in a line."""
        return in_words(self)

    def replace(self, **changes: Any) -> Decoding:
        """Return a copy with changed fields; a partial `{name: cut}` keeps the rest."""
        known = {f.name for f in dataclasses.fields(self)}
        if unknown := sorted(set(changes) - known):
            raise DecodingError(
                f"A decoding has the fields {sorted(known)}. Received: {unknown}."
            )
        cut = changes.get("threshold")
        if changes.get("costs") is not None and self.head.task == "binary":
            changes.setdefault("threshold", None)  # the costs imply another
        if isinstance(cut, Mapping) and self.threshold and "head" not in changes:
            names = as_class_names(changes.get("class_names", self.class_names))
            named = cut_names(self.head, names)
            changes["threshold"] = {
                **dict(zip(named, self.threshold, strict=False)),
                **cut,
            }
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return this decoding as plain data, ready for JSON."""
        head = dataclasses.asdict(self.head) | {"evidence": list(self.head.evidence)}
        names = None if self.class_names is None else list(self.class_names)
        # What an earlier release does not know stands here only if it is said.
        later = {
            "calibration": self.calibration and self.calibration.to_dict(),
            "prior": self.prior and list(self.prior),
            "trained_prior": self.trained_prior and list(self.trained_prior),
            "costs": self.costs and [list(row) for row in self.costs],
        }
        return {
            "version": _VERSION,
            "head": head,
            "class_names": names,
            "threshold": list(self.threshold),
            "inclusive": self.inclusive,
            "reject_below": self.reject_below,
            "min_labels": self.min_labels,
            "max_labels": self.max_labels,
            **{name: value for name, value in later.items() if value is not None},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decoding:
        """Make the decoding that `to_dict` described.

        Raises:
            DecodingError: if the data is of another kind, or of a later release.
        """
        fields = {f.name for f in dataclasses.fields(cls)}
        try:
            rest = {**data}
            version, head = rest.pop("version"), Head(**rest.pop("head"))
        except (KeyError, TypeError):  # something else, or a head with other fields
            version = None
        if version != _VERSION or not set(rest) <= fields:
            raise DecodingError(
                f"Cannot read this decoding: this release knows version {_VERSION} "
                f"with the fields {sorted(fields)}. Received: {data!r:.300}. It may "
                "come from a later keras_labels."
            )
        if rest.get("calibration") is not None:
            rest["calibration"] = Calibration.from_dict(rest["calibration"])
        return cls(head, **rest)

    @property
    def corrects(self) -> bool:
        """Whether probabilities are more than the head's activation of the scores."""
        return self.calibration is not None or self.prior is not None

    @property
    def tables(self) -> Any:
        """Those of an isotonic calibration; else empty."""
        return self.calibration.tables if self.calibration is not None else ()

    def _head_of_the_threshold(self) -> Head:
        """Two softmax units with a threshold are a binary head: it cuts column 1."""
        head = self.head
        if head.task != "multiclass" or head.units != 2 or _is_unset(self.threshold):
            return head
        said = "a threshold on two units: binary, and it cuts the second column"
        return dataclasses.replace(head, task="binary", evidence=(*head.evidence, said))

    def _check_corrections(self) -> None:
        head = self.head
        if self.calibration is not None:
            if not isinstance(self.calibration, Calibration):
                raise DecodingError(
                    "`calibration` is a Calibration, such as labeled.calibrate(x, y) "
                    f"finds. Received: {self.calibration!r:.200}."
                )
            self.calibration.check(head)
        self._refuse_of_ordinal("prior", "trained_prior", "costs")
        if (self.prior is None) != (self.trained_prior is None):
            raise DecodingError(
                "`prior` and `trained_prior` go together: probabilities are corrected "
                "by their ratio. Received only one of them."
            )
        for name in ("prior", "trained_prior"):
            if (value := getattr(self, name)) is not None:
                prior = as_prior(name, value, head, self.class_names)
                object.__setattr__(self, name, prior)
        if self.costs is not None:
            self._take_costs()

    def _refuse_of_ordinal(self, *names: str) -> None:
        said = [name for name in names if getattr(self, name) is not None]
        if said and self.head.task == "ordinal":
            raise DecodingError(
                f"An ordinal head decides by cuts on P(y > k), which `{said[0]}` does "
                "not move. Say thresholds or a calibration; or decide in NumPy, by "
                "predict_proba."
            )

    def _take_costs(self) -> None:
        costs = as_costs(self.costs, self.head)
        if self.head.task == "multiclass":
            object.__setattr__(self, "costs", costs)
            return
        if self.threshold is not None:
            raise DecodingError(
                "`costs` of a binary head imply its threshold, so only one of them can "
                f"be said. Received both: threshold={self.threshold!r}."
            )
        object.__setattr__(self, "threshold", implied_threshold(costs))
        object.__setattr__(self, "costs", None)

    def _checked_threshold(self) -> tuple[float, ...]:
        head, cut = self.head, self.threshold
        if head.task == "multiclass":
            if _is_unset(cut):
                return ()
            raise DecodingError(
                "A multiclass head has no threshold: the class of the highest score "
                "wins. To leave rows undecided pass `reject_below`; for independent "
                f'labels pass task="multilabel". Received: threshold={cut!r}.'
            )
        count = 1 if head.task == "binary" else head.units
        if cut is None:
            return (DEFAULT_THRESHOLD,) * count
        if isinstance(cut, Mapping):
            cut = self._threshold_by_name(cut)
        each = "unit" if head.task == "ordinal" else "label"
        return as_thresholds(cut, count, each)

    def _threshold_by_name(self, cut: Mapping[str, float]) -> list[float]:
        named = cut_names(self.head, self.class_names)
        if unknown := [name for name in cut if name not in named]:
            raise DecodingError(
                f"`threshold` by name takes the names {shortened(named)}"
                + (" (pass `class_names` first)" if not named else "")
                + f". Received: {unknown}."
            )
        return [cut.get(name, DEFAULT_THRESHOLD) for name in named]

    def _check_label_counts(self) -> None:
        low, high, units = self.min_labels, self.max_labels, self.head.units
        if self.head.task != "multilabel" and (low != 0 or high is not None):
            raise DecodingError(
                "`min_labels` and `max_labels` belong to task 'multilabel'. Received: "
                f"min_labels={low}, max_labels={high} for task {self.head.task!r}."
            )
        if low > units or (high is not None and high > units):
            raise DecodingError(
                f"A row has at most {units} labels. Received: min_labels={low}, "
                f"max_labels={high}."
            )


def _is_unset(threshold: Any) -> bool:
    return threshold is None or (isinstance(threshold, (tuple, list)) and not threshold)


Decodings = Decoding | dict[str, Decoding]


def plain(decoding: Decodings) -> dict[str, Any]:
    """Return one or several decodings as plain data, ready for JSON."""
    if isinstance(decoding, dict):
        return {"heads": {name: one.to_dict() for name, one in decoding.items()}}
    return decoding.to_dict()


def from_plain(data: Mapping[str, Any]) -> Decodings:
    """Return the decodings that `plain` described."""
    if "heads" not in data:
        return Decoding.from_dict(data)
    return {name: Decoding.from_dict(one) for name, one in data["heads"].items()}


def cut_names(head: Head, class_names: Sequence[str] | None) -> tuple[str, ...]:
    """Names that a threshold belongs to: of the class above it, or every label."""
    if class_names is None:
        return ()
    first = 1 if head.task in ("binary", "ordinal") else 0
    return tuple(class_names[first:])
