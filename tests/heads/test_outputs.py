"""Models of several outputs, and models whose graph is code."""

import keras
import numpy as np
import pytest
from keras import layers as L
from keras import losses

from keras_labels.errors import HeadError, HeadWarning
from keras_labels.heads import (
    describe_outputs,
    detect_head,
    output_names,
    resolve_head,
)
from keras_labels.spec import Head

SPECIES = Head("multiclass", 3, from_logits=False)
SICK = Head("binary", 1, from_logits=True)
TRUE_BINARY = losses.BinaryCrossentropy(from_logits=True)


def two(kind=dict, species="softmax", sick=None):
    """A model with the outputs `species` and `sick`, in this order."""
    inputs = keras.Input((4,))
    outputs = {
        "species": L.Dense(3, species, name="first")(inputs),
        "sick": L.Dense(1, sick, name="second")(inputs),
    }
    return keras.Model(inputs, outputs if kind is dict else kind(outputs.values()))


class Coded(keras.Model):
    """A subclassed model that returns whatever `build_outputs` makes of two tensors."""

    def __init__(self, build_outputs):
        super().__init__(name="mine")
        self.first, self.second = L.Dense(3), L.Dense(1)
        self.build_outputs = build_outputs

    def call(self, inputs):
        return self.build_outputs(self.first(inputs), self.second(inputs))


def coded(build_outputs):
    model = Coded(build_outputs)
    model(np.zeros((2, 4), "float32"))
    return model


def test_every_output_is_detected():
    model = two(sick="sigmoid")
    sick = Head("binary", 1, from_logits=False)
    assert detect_head(model) == {"species": SPECIES, "sick": sick}


@pytest.mark.parametrize("kind", [list, tuple])
def test_list_of_outputs_is_addressed_by_output_names(kind):
    model = two(kind, sick="sigmoid")
    assert output_names(model) == tuple(model.output_names) == ("first", "second")
    assert detect_head(model)["first"] == SPECIES


def test_dict_of_outputs_is_addressed_by_its_keys():
    assert output_names(two()) == ("species", "sick")


@pytest.mark.parametrize("kind", [dict, list])
def test_names_are_the_keys_of_a_dict_of_losses(kind):
    model = two(kind, sick="sigmoid")
    names = output_names(model)
    model.compile(loss={names[0]: "categorical_crossentropy", names[1]: "bce"})
    targets = {names[0]: np.eye(3)[:2], names[1]: np.ones((2, 1))}
    y = targets if kind is dict else list(targets.values())
    total, *_ = model.train_on_batch(np.zeros((2, 4), "float32"), y)
    # ln(3) for three equal scores and ln(2) for one: each loss met its own output.
    np.testing.assert_allclose(total, np.log(6), rtol=1e-5)


def test_one_tensor_has_no_names():
    inputs = keras.Input((4,))
    scores = L.Dense(3)(inputs)
    assert output_names(keras.Sequential([keras.Input((4,)), L.Dense(3)])) is None
    assert output_names(keras.Model(inputs, scores)) is None
    assert output_names(coded(lambda a, b: a)) is None


def test_list_of_one_is_what_its_call_returns():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [L.Dense(3, "softmax")(inputs)])
    assert not isinstance(model(np.zeros((1, 4), "float32")), list)
    assert output_names(model) is None
    assert detect_head(model) == SPECIES
    assert output_names(coded(lambda a, b: [a])) == ("output_0",)


def test_dict_of_one_is_addressed_by_its_key():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, {"species": L.Dense(3, "softmax")(inputs)})
    assert detect_head(model) == {"species": SPECIES}
    assert resolve_head(model, "species") == SPECIES
    assert output_names(coded(lambda a, b: {"a": a})) == ("a",)


def test_model_of_models_keeps_the_names():
    model = keras.Sequential([keras.Input((4,)), two(sick="sigmoid")])
    assert set(output_names(model)) == {"species", "sick"}
    assert detect_head(model)["species"] == SPECIES


def test_layer_that_makes_two_outputs():
    first, second = keras.Input((4,)), keras.Input((4,))
    layer = L.Dense(3, "softmax", name="twin")
    model = keras.Model([first, second], [layer(first), layer(second)])
    assert detect_head(model) == {"twin": SPECIES, "twin_1": SPECIES}


def test_nested_outputs_are_refused():
    inputs = keras.Input((4,))
    scores = L.Dense(3, "softmax")(inputs)
    with pytest.raises(HeadError, match=r"flat dict or list"):
        detect_head(keras.Model(inputs, {"a": [scores], "b": scores}))


# Losses of several outputs. The order of a list follows the sorted keys of a dict:
# sick, species.
LOSSES = {
    "dict": {"species": "categorical_crossentropy", "sick": TRUE_BINARY},
    "dict with one": {"sick": TRUE_BINARY},
    "dict with none": {"species": None, "sick": TRUE_BINARY},
    "list by sorted keys": [TRUE_BINARY, "categorical_crossentropy"],
    "list with none": [TRUE_BINARY, None],
}


@pytest.mark.parametrize("name", LOSSES)
def test_each_output_has_its_loss(name):
    model = two()
    model.compile(loss=LOSSES[name])
    assert detect_head(model) == {"species": SPECIES, "sick": SICK}


def test_list_of_losses_meets_the_sorted_keys():
    model = two(sick="sigmoid")
    model.compile(loss=["bce", "categorical_crossentropy"])
    y = {"species": np.eye(3)[:2], "sick": np.ones((2, 1))}
    total, *_ = model.train_on_batch(np.zeros((2, 4), "float32"), y)
    np.testing.assert_allclose(total, np.log(6), rtol=1e-5)


@pytest.mark.parametrize(
    "loss", [{"first": "mse", "second": TRUE_BINARY}, ["mse", TRUE_BINARY]]
)
def test_list_of_outputs_takes_losses_by_name_or_place(loss):
    model = two(list)
    model.compile(loss=loss)
    assert detect_head(model) == {"first": SPECIES, "second": SICK}


def test_one_loss_serves_every_output():
    model = two(species=None)
    model.compile(loss=TRUE_BINARY)
    species = Head("multilabel", 3, from_logits=True)
    assert detect_head(model) == {"species": species, "sick": SICK}


def test_losses_by_name_survive_a_file(tmp_path):
    model = two()
    model.compile("sgd", loss=LOSSES["dict"])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert detect_head(loaded) == {"species": SPECIES, "sick": SICK}


def test_error_lists_every_output():
    with pytest.raises(HeadError) as caught:
        detect_head(two())
    message = str(caught.value)
    assert "'species': multiclass, 3 units, probabilities" in message
    assert "'sick': Cannot tell whether 'second' emits logits" in message
    assert "resolve_head(model, name" in message


def test_loss_that_an_output_lacks_is_named():
    model = two(species=None)
    model.compile(loss={"sick": TRUE_BINARY})
    with pytest.raises(HeadError, match=r"'first'.*no loss is compiled for it"):
        detect_head(model)


def test_one_output_can_be_resolved_alone():
    model = two()
    assert resolve_head(model, "species") == SPECIES
    assert resolve_head(model, "sick", from_logits=True) == SICK
    with pytest.raises(HeadError, match=r"'second'"):
        resolve_head(model, "sick")


def test_what_is_said_holds_for_every_output():
    heads = detect_head(two(sick="sigmoid"), from_logits=False)
    assert [head.evidence[-1] for head in heads.values()] == [
        "said: from_logits=False"
    ] * 2


@pytest.mark.parametrize("name", [None, "weight", "first"])
def test_unknown_output_lists_the_names(name):
    with pytest.raises(HeadError, match=r"2 outputs.*\['species', 'sick'\]"):
        resolve_head(two(), name)


def test_output_of_a_single_model_is_not_named():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, "softmax")])
    assert resolve_head(model) == SPECIES
    with pytest.raises(HeadError, match=r"one output.*Leave `output` out"):
        resolve_head(model, "dense")


def test_describe_gives_the_error_of_an_undecidable_output():
    described = describe_outputs(two())
    assert described["species"] == SPECIES
    assert isinstance(described["sick"], HeadError)
    assert "'second'" in str(described["sick"])


def test_each_contradicted_output_warns_once():
    model = two(sick="sigmoid")
    model.compile(loss={"sick": TRUE_BINARY})
    with pytest.warns(HeadWarning, match=r"'second' ends in sigmoid") as caught:
        detect_head(model)
    assert len(caught) == 1


# Models whose graph is code.


def test_subclassed_model_is_read_by_its_loss():
    model = coded(lambda a, b: {"species": a, "sick": b})
    model.compile(
        loss={"species": "categorical_crossentropy", "sick": TRUE_BINARY},
    )
    assert detect_head(model) == {"species": SPECIES, "sick": SICK}


def test_list_of_a_subclassed_model_is_numbered():
    model = coded(lambda a, b: [a, b])
    model.compile(loss=["categorical_crossentropy", TRUE_BINARY])
    assert output_names(model) == ("output_0", "output_1")
    assert detect_head(model) == {"output_0": SPECIES, "output_1": SICK}


def test_never_called_model_says_what_to_do():
    for model in (Coded(lambda a, b: a), keras.Sequential([L.Dense(3)])):
        with pytest.raises(HeadError, match=r"Call it once.*model\.build"):
            detect_head(model, task="multiclass", from_logits=True)


class Built(Coded):
    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build(input_shape)


def test_built_model_need_not_be_called():
    model = Built(lambda a, b: a)
    model.build((None, 4))
    assert detect_head(model, task="multiclass", from_logits=False) == SPECIES


def test_sequential_is_read_after_its_first_call():
    model = keras.Sequential([L.Dense(3, "softmax")])
    model(np.zeros((2, 4), "float32"))
    assert detect_head(model) == SPECIES


class TwoInputs(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(3)

    def call(self, inputs):
        return self.dense(inputs["a"]) + self.dense(inputs["b"])


def test_subclassed_model_with_a_dict_of_inputs():
    model = TwoInputs()
    model({"a": np.zeros((2, 4), "float32"), "b": np.zeros((2, 4), "float32")})
    assert detect_head(model, task="multiclass", from_logits=False) == SPECIES


class TwoShapes(keras.Model):
    """Takes a list and a tensor, and is built with the shapes of both."""

    def __init__(self):
        super().__init__()
        self.dense = L.Dense(3)

    def build(self, inputs_shape, extra_shape):
        self.dense.build(extra_shape)

    def call(self, inputs, extra):
        return self.dense(inputs[0]) + self.dense(inputs[1]) + self.dense(extra)


def test_subclassed_model_with_several_arguments():
    model, x = TwoShapes(), np.zeros((2, 4), "float32")
    model([x, x], x)
    assert detect_head(model, task="multiclass", from_logits=False) == SPECIES


class Tokens(keras.Model):
    """Fails on float inputs, as `one_hot` does."""

    def __init__(self):
        super().__init__()
        self.dense = L.Dense(3)

    def call(self, inputs):
        if not keras.backend.is_int_dtype(inputs.dtype):
            raise TypeError("token ids are integers")
        return self.dense(keras.ops.cast(inputs, "float32"))


def test_subclassed_model_of_token_ids():
    model = Tokens()
    model(np.zeros((2, 4), "int32"))
    assert detect_head(model, task="multiclass", from_logits=False) == SPECIES


class TwoArguments(keras.Model):
    def __init__(self):
        super().__init__(name="mine")
        self.dense = L.Dense(3)

    def call(self, left, right):
        return self.dense(left) + self.dense(right)


def test_model_that_cannot_be_traced_says_what_to_do():
    model = TwoArguments()
    model(np.zeros((2, 4), "float32"), np.zeros((2, 4), "float32"))
    with pytest.raises(HeadError, match=r"(?s)'mine'.*Wrap it: keras\.Model"):
        detect_head(model, task="multiclass", from_logits=True)
    left, right = keras.Input((4,)), keras.Input((4,))
    wrapped = keras.Model([left, right], model(left, right))
    head = detect_head(wrapped, task="multiclass", from_logits=False)
    assert head == SPECIES
