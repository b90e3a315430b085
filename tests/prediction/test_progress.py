"""Progress and callbacks are those of `Model.predict`, and silence is the default."""

import itertools

import keras
import pytest


class Called(keras.callbacks.Callback):
    """Notes what is called, and may stop after a batch."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.calls, self.rows, self.stop_after = [], [], stop_after

    def on_predict_begin(self, logs=None):
        self.calls.append("begin")

    def on_predict_batch_begin(self, batch, logs=None):
        self.calls.append(batch)

    def on_predict_batch_end(self, batch, logs=None):
        (outputs,) = keras.tree.flatten(logs["outputs"])
        self.rows.append(len(outputs))
        self.model.stop_predicting = batch == self.stop_after

    def on_predict_end(self, logs=None):
        self.calls.append("end")


FORMS = {"array": lambda x: x, "generator": lambda x: iter([x[:4], x[4:8], x[8:]])}


@pytest.mark.parametrize("form", FORMS)
class TestCallbacks:
    def test_are_called_in_order(self, labeled, x, form):
        called = Called()
        labeled.predict_proba(FORMS[form](x), batch_size=4, callbacks=[called])
        assert called.calls == ["begin", 0, 1, 2, "end"]
        assert called.rows == [4, 4, 2]

    def test_may_stop(self, labeled, x, form):
        called = Called(stop_after=1)
        made = labeled.predict_classes(FORMS[form](x), batch_size=4, callbacks=[called])
        assert called.calls == ["begin", 0, 1, "end"]
        assert len(made) == 8

    def test_a_stop_does_not_last(self, labeled, x, form):
        labeled.predict_classes(
            FORMS[form](x), batch_size=4, callbacks=[Called(stop_after=0)]
        )
        assert len(labeled.predict_classes(FORMS[form](x), batch_size=4)) == 10


METHODS = ("predict_proba", "predict_classes", "predict_labels")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("form", FORMS)
class TestBar:
    def test_none_by_default(self, labeled, x, method, form, capsys):
        getattr(labeled, method)(FORMS[form](x))
        assert capsys.readouterr() == ("", "")

    def test_if_asked(self, labeled, x, method, form, capsys):
        getattr(labeled, method)(FORMS[form](x), batch_size=4, verbose=1)
        assert "3/3" in capsys.readouterr().out


def test_bar_of_steps_and_of_targets(labeled, x, capsys):
    labeled.predict_proba(itertools.cycle([x]), steps=5, verbose=1)
    assert "5/5" in capsys.readouterr().out
    labeled.predict_with_targets(iter([(x, x[:, 0])] * 2), verbose=1)
    assert "2/2" in capsys.readouterr().out
    labeled.predict_with_targets(iter([(x, x[:, 0])]))
    assert capsys.readouterr() == ("", "")
