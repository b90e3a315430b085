"""A mapping between class ids and names -> the names in the order of the ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from keras_labels.errors import DecodingError
from keras_labels.spec._arguments import shortened


def in_order(mapping: Mapping[Any, Any]) -> tuple[Any, ...]:
    """Return the names of `{id: name}` or `{name: id}` in the order of the ids.

    Ids are whole numbers; where neither side holds any, also text of digits, as JSON
    has it. A name may be a list whose last word is the readable one, as ImageNet's.

    >>> in_order({"1": "dog", "0": "cat"}), in_order({"7": 1, "3": 0})
    (('cat', 'dog'), ('3', '7'))
    """
    ways = [list(mapping.items()), [(b, a) for a, b in mapping.items()]]
    for as_id in (_number, _digits):
        read = [[(as_id(a), b) for a, b in pairs] for pairs in ways]
        read = [pairs for pairs in read if all(i is not None for i, _ in pairs)]
        fitting = [pairs for pairs in read if _are_ids([i for i, _ in pairs])]
        if as_id is _digits and len(fitting) == 2 and not _same(*fitting):
            raise DecodingError(
                "`class_names` as a mapping has numbers in digits on both sides, so "
                "that {id: name} or {name: id} may be meant. Pass the ids as numbers. "
                f"Received: {dict(mapping)!r:.200}."
            )
        if fitting or read:
            return _names((fitting or read)[0])
    raise DecodingError(
        "`class_names` as a mapping is {id: name} or {name: id} with the ids 0 to "
        f"{len(mapping) - 1}, each once. Received: {dict(mapping)!r:.200}."
    )


def _names(pairs: list[tuple[Any, Any]]) -> tuple[Any, ...]:
    ids = [i for i, _ in pairs]
    if not _are_ids(ids):
        raise DecodingError(
            "`class_names` as a mapping is {id: name} or {name: id} with the ids 0 to "
            f"{len(ids) - 1}, each once. {_odd_ids(ids)}"
        )
    return _readable([name for _, name in sorted(pairs, key=lambda pair: pair[0])])


def _odd_ids(ids: Sequence[int]) -> str:
    twice = sorted(i for i, count in Counter(ids).items() if count > 1)
    outside = sorted({i for i in ids if not 0 <= i < len(ids)})
    missing = sorted({*range(len(ids))} - {*ids})
    said = {"Twice": twice, "Outside": outside, "Missing": missing}
    return " ".join(f"{word}: {shortened(odd)}." for word, odd in said.items() if odd)


def _readable(names: list[Any]) -> tuple[Any, ...]:
    """Return the last word of names that are lists, all of them where that is twice.

    ImageNet has two classes "crane": "crane (n02012849)" and "crane (n03126707)".
    """
    lists = [isinstance(name, (list, tuple)) and len(name) > 0 for name in names]
    if not any(lists):
        return tuple(names)
    last = [n[-1] if inside else n for n, inside in zip(names, lists, strict=True)]
    often = Counter(last) if all(isinstance(name, str) for name in last) else {}
    return tuple(
        f"{short} ({', '.join(map(str, name[:-1]))})"
        if inside and often.get(short, 0) > 1 and len(name) > 1
        else short
        for name, short, inside in zip(names, last, lists, strict=True)
    )


def _are_ids(ids: Sequence[Any]) -> bool:
    return sorted(ids) == list(range(len(ids)))


def _same(one: list[tuple[Any, Any]], other: list[tuple[Any, Any]]) -> bool:
    return {i: str(name) for i, name in one} == {i: str(name) for i, name in other}


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    return int(value)


def _digits(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return _number(value)
