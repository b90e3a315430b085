"""`inspect` shows what a file holds, and runs nothing of it."""

import json

import keras
import pytest

from keras_labels import Decoding, LabeledModel
from keras_labels.export import read_contents

NAMES = ["ant", "bee, the", 'größe "x"']


def words_of(result):
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.stdout.splitlines()]


def test_model_of_exclusive_classes(run, files):
    result = run("inspect", files["rejecting"])
    lines = words_of(result)
    assert ["format", "keras"] in lines
    assert "-1 where the decided class has less than 0.6" in result.stdout
    assert "multiclass, 3 units of probabilities" in result.stdout
    assert "the class of the highest score" in result.stdout
    for number, name in enumerate(NAMES):
        assert [str(number), *name.split()] in lines


def test_binary_model_shows_its_threshold_beside_the_name(run, files):
    result = run("inspect", files["binary"])
    lines = words_of(result)
    assert ["0", "ham"] in lines
    assert ["1", "spam", "0.9"] in lines
    assert "class 1 (spam) if p > 0.9, else 0" in result.stdout


def test_bounds_on_the_number_of_labels(run, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Activation("sigmoid")])
    options = {"min_labels": 1, "max_labels": 2, "threshold": [0.2, 0.3]}
    LabeledModel(model, inclusive=True, **options).save(tmp_path / "m.keras")
    result = run("inspect", tmp_path / "m.keras")
    lines = words_of(result)
    for line in (["0", "0.2"], ["1", "0.3"]):
        assert line in lines
    for text in ("every label whose p >= its threshold", "at least 1", "at most 2"):
        assert text in result.stdout


def test_several_heads(run, files):
    lines = words_of(run("inspect", files["heads"]))
    assert ["output", "species"] in lines
    assert ["output", "sick"] in lines
    assert ["names", "none,", "for", "2", "classes"] in lines


@pytest.mark.parametrize("name", ["labeled", "binary", "multilabel", "nameless"])
def test_json_gives_the_decoding_back(run, files, name):
    result = run("inspect", files[name], "--json")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    decoding = Decoding.from_dict(data["decoding"])
    assert decoding == read_contents(files[name]).decoding
    assert (data["file"], data["format"]) == (str(files[name]), "keras")


def test_json_of_several_heads(run, files):
    data = json.loads(run("inspect", files["heads"], "--json").stdout)
    assert set(data["decoding"]["heads"]) == {"species", "sick"}


def test_model_without_decisions_is_explained(run, files):
    result = run("inspect", files["plain"])
    assert result.exit_code == 1
    assert "without decisions" in result.stderr


def test_code_in_a_model_is_not_run(run, files, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(keras.saving, "load_model", refuse)
    assert run("inspect", files["lambda"]).exit_code == 1
    assert run("inspect", files["labeled"]).exit_code == 0
