"""A decoded model and data -> arrays: the one loop."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import Any

import keras
import numpy as np

from keras_labels.decoder import DecodedModel
from keras_labels.prediction._backend_calls import Call
from keras_labels.prediction._batch_size import (
    KERAS_BATCH_SIZE,
    MEMORY_BUDGET,
    batch_size_of,
)
from keras_labels.prediction._batches import batches_of, in_memory
from keras_labels.prediction._compiled import Compiled, is_compilable, is_dense
from keras_labels.prediction._gathering import gathered
from keras_labels.prediction._independence import (
    has_independent_rows,
    keeps_state,
)
from keras_labels.prediction._inputs import (
    arranged,
    declares_inputs,
    structure_of,
)
from keras_labels.prediction._joining import joined
from keras_labels.prediction._keras_call import keras_call
from keras_labels.prediction._no_rows import no_rows
from keras_labels.prediction._outputs import check_positive, outputs_of
from keras_labels.prediction._slices import padded, part_of, row_count, slices

_KINDS = 1000  # of arrays and calls, remembered so as not to look again


class Predictor:
    """A decoded model with what was compiled for it.

    Args:
        decoder: the model.
        ids: a signed dtype for the class ids; they may come as int32 all the same.
        per_score: how many numbers the decision holds beside each score.
    """

    def __init__(
        self, decoder: DecodedModel, ids: str = "int32", per_score: int = 1
    ) -> None:
        self.decoder = decoder
        self._ids = ids
        self._per_score = per_score
        model = decoder.model
        self._inputs = structure_of(model) if declares_inputs(model) else None
        self._compilable = is_compilable(decoder)
        self._calls: dict[bool | None, Compiled] = {}
        self._callers: dict[Any, Call] = {}
        self._batch_sizes: dict[Any, int] = {}
        self._plain: set[Any] = set()  # kinds of single arrays that need no care

    def predict(
        self,
        x: Any,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        verbose: Any = 0,
        callbacks: Any = None,
        memory_budget: int | None = None,
        jit_compile: bool | None = None,
    ) -> Any:
        """Run data through the model.

        Args:
            x: whatever `keras.Model.predict` takes; also a generator of bare arrays,
                nested lists of numbers, and no rows at all.
            batch_size: rows at a time, for arrays. If `None`, Keras' 32 beside `steps`
                or `callbacks`, which count batches, and else `batch_size_of`.
            steps: how many batches to read; all if `None`.
            verbose: as in `keras.Model.predict`, but silent by default.
            callbacks: as in `keras.Model.predict`.
            memory_budget: bytes of the largest layer output of a batch.
            jit_compile: as in `Compiled`.

        Returns:
            NumPy arrays in the structure of the decoder's outputs.

        Raises:
            InputError: if the data does not fit the model.
        """
        check_positive(batch_size=batch_size, steps=steps, memory_budget=memory_budget)
        if steps is not None or callbacks is not None:
            batch_size = batch_size or KERAS_BATCH_SIZE
        arrays = self._arrays(x)
        batches: Iterator[Any]
        if arrays is None:
            tuples, count = batches_of(x, steps)
            model = self.decoder.model
            batches = (arranged(model, one[0], n) for n, one in enumerate(tuples, 1))
            counted = verbose != 0 or callbacks is not None
            batches, call = self._read(batches, counted, jit_compile, memory_budget)
            rows = None
        else:
            rows = row_count(arrays)
            size = batch_size or self._batch_size(arrays, rows, memory_budget)
            call = self._call(jit_compile, pad_to=size)
            if 0 < rows <= size and verbose == 0 and callbacks is None:
                return call(part_of(arrays, 0, rows))
            rows = rows if steps is None else min(rows, steps * size)
            batches, count = slices(arrays, rows, size)
        parts = outputs_of(self.decoder, call, batches, count, verbose, callbacks)
        made = joined(parts, rows)
        return no_rows(self.decoder, arrays) if made is None else made

    def run(self, batches: Iterable[Any], count: int | None, verbose: Any) -> Any:
        """Give the outputs of batches that are as the model takes them.

        Where rows are independent those of several batches may come together.

        Args:
            batches: arrays, or lists or dicts of them.
            count: how many batches there are; `None` if that is not known.
            verbose: as in `predict`.
        """
        ready, call = self._read(iter(batches), counted=verbose != 0)
        return outputs_of(self.decoder, call, ready, count, verbose)

    def batch(self, x: Any, number: int) -> Any:
        """Return the inputs of a batch as the model takes them."""
        return arranged(self.decoder.model, x, number)

    def _arrays(self, x: Any) -> Any:
        """Return data in memory as the model takes it; `None` for a dataset."""
        if type(x) is not np.ndarray:
            arrays = in_memory(x)
            return None if arrays is None else arranged(self.decoder.model, arrays)
        kind = (x.dtype, x.ndim, x.shape[1:])
        if kind in self._plain:
            return x
        arrays = arranged(self.decoder.model, in_memory(x))
        if arrays is x and len(self._plain) < _KINDS:
            self._plain.add(kind)
        return arrays

    def _call(self, jit_compile: bool | None = None, pad_to: int | None = None) -> Call:
        """Return what runs one batch."""
        call = self._callers.get((jit_compile, pad_to))
        if call is None:
            call = self._made_call(jit_compile, pad_to)
            if len(self._callers) < _KINDS:
                self._callers[jit_compile, pad_to] = call
        return call

    def _made_call(self, jit_compile: bool | None, pad_to: int | None) -> Call:
        fallback = partial(keras_call, self.decoder)
        if not self._compilable:
            return fallback
        compiled = self._calls.get(jit_compile)
        if compiled is None:
            made = Compiled(self.decoder, self._ids, self._inputs, jit_compile)
            compiled = self._calls.setdefault(jit_compile, made)
        call: Call = compiled
        if pad_to and compiled.for_each_shape and self._has_independent_rows:
            call = partial(padded, compiled, size=pad_to)
        return lambda x: call(x) if is_dense(x) else fallback(x)

    @cached_property
    def _has_independent_rows(self) -> bool:
        return self._inputs is not None and has_independent_rows(self.decoder.model)

    def _read(
        self,
        batches: Iterator[Any],
        counted: bool,
        jit_compile: bool | None = None,
        memory_budget: int | None = None,
    ) -> tuple[Iterator[Any], Call]:
        """Return batches of a dataset, and what runs them.

        Small ones are gathered where rows are independent and nobody counts batches.
        """
        first = next(batches, None)
        if first is None or counted or not self._may_gather(first):
            found = () if first is None else (first,)
            return itertools.chain(found, batches), self._call(jit_compile)
        size = self._batch_size(first, KERAS_BATCH_SIZE, memory_budget)
        whole = gathered(itertools.chain((first,), batches), size)
        return whole, self._call(jit_compile, pad_to=size)

    def _may_gather(self, x: Any) -> bool:
        return self._compilable and self._has_independent_rows and is_dense(x)

    def _batch_size(self, x: Any, rows: int, memory_budget: int | None) -> int:
        runs_ours = self._compilable or keeps_state(self.decoder.model)
        if not runs_ours or self._inputs is None:
            return KERAS_BATCH_SIZE
        if rows <= 1:
            return 1
        arrays = [x] if isinstance(x, np.ndarray) else keras.tree.flatten(x)
        if any(array is None for array in arrays):
            return KERAS_BATCH_SIZE  # an optional input, which Keras' own call takes
        budget = MEMORY_BUDGET if memory_budget is None else memory_budget
        shapes = tuple(array.shape[1:] for array in arrays)
        size = self._batch_sizes.get((shapes, budget))
        if size is None:
            size = batch_size_of(
                self.decoder.model, self._inputs, x, budget, self._per_score
            )
            self._batch_sizes[shapes, budget] = size
        return size
