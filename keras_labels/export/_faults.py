"""What a converter or a runtime raises -> its reason, and the layer at fault."""

from __future__ import annotations

import contextlib
import re
import traceback
from collections.abc import Iterator
from typing import Any

import keras

_LONGEST = 400
# Lines that say nothing: where in the source of a tool it happened, and headings.
_NOISE = re.compile(
    r"Graph execution error:|Detected at node|<stack traces unavailable>|\[\[\{\{node|"
    r"Exception encountered when calling|Arguments received by|Exception from |"
    r"Check '.*' failed at|FrontEnd API failed|Model wasn't fully converted|Summary:$|"
    r"<unknown>:\d+: note:|Traceback "
)
_COLOR = re.compile(r"\x1b\[\d*m")
# Of LiteRT's converter, and the summary of OpenVINO's.
_SAID = re.compile(r"error: loc\(.*\): (.+)|^-- ((?:No conversion|Conversion).+)", re.M)
# Where a message names the node of a graph.
_NODES = (
    re.compile(r'"([^"@\n]+/[^"@\n]+)@__inference'),
    re.compile(r"\[\[\{\{node ([^}]+)\}\}"),
    re.compile(r"Detected at node (\S+)"),
    re.compile(r"Name:'([^']+)'"),
    re.compile(r"node with name '([^']+)'"),
    re.compile(r"\b[Nn]ode ([\w.]+/[\w./]+)"),
    re.compile(r"\bd_1/([\w./]+)"),  # the name of what is exported
)
_CALLED = re.compile(r"Exception encountered when calling (\w+)\.call\(\)")
_OF_TABLES = (
    keras.layers.HashedCrossing,
    keras.layers.Hashing,
    keras.layers.IntegerLookup,
    keras.layers.StringLookup,
    keras.layers.TextVectorization,
)
_UNSAID = ("JaxStackTraceBeforeTransformation", "UnfilteredStackTrace")


def fault_of(error: BaseException, model: keras.Model) -> str:
    """Return why something failed, in sentences that end in the layer at fault."""
    causes = list(_chain(error))
    text = _COLOR.sub("", str(causes[-1]).strip() or repr(causes[-1]))
    layer = _layer_of_frames(causes, model) or _layer_of_text(text, model)
    reason = _reason(text).rstrip(".")
    if layer is not None:
        return f"{reason}. At fault is {layer}."
    if tables := [one for one in _leaves(model) if isinstance(one, _OF_TABLES)]:
        return f"{reason}. At fault may be {_named(tables[0])}, which looks values up."
    node = _node(text)
    if node is not None and node not in reason:
        return f"{reason}. At fault is the operation '{node}'."
    return f"{reason}."


@contextlib.contextmanager
def whole_tracebacks() -> Iterator[None]:
    """Keep the calls of Keras' layers in a traceback: they tell which was at fault."""
    filtered = keras.config.is_traceback_filtering_enabled()
    keras.config.disable_traceback_filtering()
    try:
        yield
    finally:
        if filtered:
            keras.config.enable_traceback_filtering()


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what caused it, the first cause last."""
    found: BaseException | None = error
    while found is not None:
        yield found
        cause = found.__cause__
        found = None if type(cause).__name__ in _UNSAID else cause


def _reason(text: str) -> str:
    if found := _SAID.search(text):
        return found[1] or found[2]
    lines = [line.strip() for line in text.splitlines()]
    said = [line for line in lines if line and not _NOISE.match(line)]
    first = (said or lines)[0][:_LONGEST]
    if len(first) < _LONGEST:
        return first
    return first.rpartition(". ")[0] or first  # in whole sentences


def _node(text: str) -> str | None:
    found = (pattern.search(text) for pattern in _NODES)
    return next((one[1] for one in found if one), None)


def _layer_of_frames(causes: list[BaseException], model: keras.Model) -> str | None:
    """Return the innermost layer of a model whose call was running."""
    known = {id(one) for one in _leaves(model)}
    for error in reversed(causes):
        for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
            owner = frame.f_locals.get("self")
            if id(owner) in known:
                return _named(owner)
    return None


def _layer_of_text(text: str, model: keras.Model) -> str | None:
    """Return the layer that a message names, by its node or its class."""
    leaves = _leaves(model)
    by_name = {one.name: one for one in leaves}
    for part in reversed((_node(text) or "").split("/")):
        # Names of scopes are made unique: `dense_1` may be of the layer `dense`.
        for name in (part, re.sub(r"_\d+$", "", part)):
            if name in by_name:
                return _named(by_name[name])
    called = _CALLED.search(text)
    of_class = [one for one in leaves if called and type(one).__name__ == called[1]]
    return _named(of_class[0]) if len(of_class) == 1 else None


def _leaves(model: keras.Model) -> list[Any]:
    return [one for one in model._flatten_layers() if not isinstance(one, keras.Model)]


def _named(layer: Any) -> str:
    return f"the layer '{layer.name}' ({type(layer).__name__})"
