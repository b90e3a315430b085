"""Data that does not fit is refused with what is wrong and what to do."""

import keras
import numpy as np
import pytest

import keras_labels as kl

METHODS = ("predict_proba", "predict_classes", "predict_labels", "predict_top_k")
K = {"predict_top_k": {"k": 2}}


@pytest.mark.parametrize("method", METHODS)
def test_single_sample_names_predict_one(labeled, x, method):
    with pytest.raises(kl.InputError, match=r"without its batch axis.*predict_one"):
        getattr(labeled, method)(x[0], **K.get(method, {}))


def test_single_sample_as_a_list_names_predict_one(labeled, x):
    with pytest.raises(kl.InputError, match=r"without its batch axis.*predict_one"):
        labeled.predict_classes(x[0].tolist())


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1)])
def test_single_image_names_predict_one(identity, shape):
    labeled = identity(shape, task="multilabel", from_logits=False)
    with pytest.raises(kl.InputError, match=r"without its batch axis.*predict_one"):
        labeled.predict_classes(np.zeros((28, 28), "float32"))


def test_single_sample_of_a_dict_names_predict_one(two_inputs, x):
    sample = {"left": x[0, :2], "zone": x[0, 1:]}
    with pytest.raises(kl.InputError, match=r"batch axis: 'left' of .*predict_one"):
        two_inputs.predict_classes(sample)


def test_dataset_without_batches_says_batch(labeled, x):
    with pytest.raises(kl.InputError, match=r"in batch 1,.*without its.*\.batch\(32\)"):
        labeled.predict_classes(row for row in x)


@pytest.mark.parametrize("given", ["one row", "ten rows"])
def test_predict_one_refuses_a_batch(labeled, x, given):
    with pytest.raises(kl.InputError, match=r"one axis too many.*predict_one"):
        labeled.predict_one(x[:1] if given == "one row" else x)


SHAPES = {
    "too few features": (10, 3),
    "too many features": (10, 5),
    "a number": (),
    "too many axes": (2, 2, 2, 4),
}


@pytest.mark.parametrize("case", SHAPES)
def test_wrong_shape_says_both_shapes(labeled, case):
    with pytest.raises(kl.InputError) as caught:
        labeled.predict_proba(np.zeros(SHAPES[case], "float32"))
    assert "(None, 4)" in str(caught.value)
    assert str(SHAPES[case]) in str(caught.value)


def test_wrong_shape_in_a_later_batch_names_the_batch(labeled, x):
    with pytest.raises(kl.InputError, match=r"batch 2,.*\(None, 4\).*\(10, 3\)"):
        labeled.predict_proba(iter([x, x[:, :3]]))


def test_wrong_shape_in_tf_data(labeled, x):
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices(x[:, :3]).batch(4)
    with pytest.raises(kl.InputError, match=r"batch 1,.*\(None, 4\).*\(4, 3\)"):
        labeled.predict_proba(data)


COUNTS = {
    "two arrays": lambda x: [x, x],
    "a list of rows": list,
    "a pair": lambda x: (x, x),
}


@pytest.mark.parametrize("case", COUNTS)
def test_wrong_number_of_inputs(labeled, x, case):
    with pytest.raises(kl.InputError, match=r"arrays, and .* takes 1 input.*np\.stack"):
        labeled.predict_proba(COUNTS[case](x))


class TestSeveralInputs:
    def test_missing_input_is_named(self, two_inputs, x):
        with pytest.raises(kl.InputError, match=r"no input \['zone'\].*\['left'\]"):
            two_inputs.predict_proba({"left": x[:, :2]})

    @pytest.mark.parametrize("kind", [list, tuple])
    def test_inputs_without_names(self, two_inputs, x, kind):
        with pytest.raises(kl.InputError, match=r"without their names.*'zone', 'left'"):
            two_inputs.predict_proba(kind((x[:, :2], x[:, 1:])))

    def test_different_rows(self, two_inputs, x):
        given = {"left": x[:, :2], "zone": x[:5, 1:]}
        with pytest.raises(kl.InputError, match=r"same number of rows.*10, 5 rows"):
            two_inputs.predict_proba(given)

    def test_none_for_an_input(self, two_inputs, x):
        with pytest.raises(kl.InputError, match=r"no array: 'zone' of.*NoneType"):
            two_inputs.predict_proba({"left": x[:, :2], "zone": None})

    def test_generator_of_a_pair_is_read_as_targets(self, x):
        inputs = [keras.Input((2,)), keras.Input((3,))]
        scores = keras.layers.Dense(3)(keras.layers.Concatenate()(inputs))
        model = keras.Model(inputs, scores)
        labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
        with pytest.raises(kl.InputError, match=r"takes 2 inputs.*read as \(x, y\)"):
            labeled.predict_proba(iter([(x[:, :2], x[:, 1:])]))


NO_DATA = {
    "None": None,
    "text": "digits.csv",
    "bytes": b"digits",
    "a number": 3.0,
    "a set": {1, 2},
    "an empty dict": {},
    "a function": len,
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", NO_DATA)
def test_what_is_no_data_is_named(labeled, method, case):
    with pytest.raises(kl.InputError, match=r"takes arrays, lists.*Received: .*type "):
        getattr(labeled, method)(NO_DATA[case], **K.get(method, {}))


DTYPES = {
    "objects": lambda x: x.astype(object),
    "text": lambda x: x.astype(str),
    "a list with text": lambda x: [["1", "2", "3", "4"]],
    "complex numbers": lambda x: x.astype(complex),
}


@pytest.mark.parametrize("case", DTYPES)
def test_values_that_are_no_numbers(labeled, x, case):
    with pytest.raises(kl.InputError, match=r"values of type .*x\.astype"):
        labeled.predict_classes(DTYPES[case](x))


@pytest.mark.parametrize("sample", [None, "a", object()])
def test_predict_one_of_what_is_no_sample(labeled, sample):
    with pytest.raises(kl.InputError, match=r"values of type .*takes numbers"):
        labeled.predict_one(sample)


def test_ragged_list(labeled):
    with pytest.raises(kl.InputError, match="rows of different lengths: pad"):
        labeled.predict_proba([[1, 2, 3, 4], [1, 2]])


@pytest.mark.parametrize("batch", [(), (1, 2, 3, 4)])
def test_batch_that_is_a_tuple_of_another_length(labeled, batch):
    with pytest.raises(kl.InputError, match=r"\(x, y, sample_weight\).*a tuple of"):
        labeled.predict_proba(iter([batch]))


@pytest.mark.parametrize("batch", [None, "text", 3])
def test_batch_that_is_no_array(labeled, batch):
    with pytest.raises(kl.InputError, match=r"in batch 1, holds no array"):
        labeled.predict_proba(iter([batch]))


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "8"])
@pytest.mark.parametrize("option", ["batch_size", "steps"])
def test_counts_are_positive_integers(labeled, x, option, value):
    with pytest.raises(kl.InputError, match=f"`{option}` is .*Received"):
        labeled.predict_proba(x, **{option: value})


def test_unknown_option_is_refused(labeled, x):
    with pytest.raises(TypeError, match="batchsize"):
        labeled.predict_proba(x, batchsize=3)


def test_subclassed_model_refuses_a_number_as_data():
    class Inner(keras.Model):
        def call(self, inputs):
            return inputs

    model = Inner()
    model(np.zeros((1, 3), "float32"))
    labeled = kl.LabeledModel(model, task="multiclass", from_logits=True)
    with pytest.raises(kl.InputError, match="no rows"):
        labeled.predict_classes(np.float32(3))
