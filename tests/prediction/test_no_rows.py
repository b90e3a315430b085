"""No rows in, no rows out: with the shapes and dtypes of the others."""

import keras
import numpy as np
import pytest

import keras_labels as kl

HEADS = {
    "binary, one unit": ((1,), {"task": "binary"}, (2,), ()),
    "binary, two units": ((2,), {"task": "binary"}, (2,), ()),
    "multiclass": ((3,), {"task": "multiclass"}, (3,), ()),
    "multilabel": ((3,), {"task": "multilabel"}, (3,), (3,)),
    "segmentation": ((4, 5, 3), {"task": "multiclass"}, (4, 5, 3), (4, 5)),
    "channels first": ((3, 4, 5), {"task": "multiclass", "axis": 1}, (3, 4, 5), (4, 5)),
    "dense binary": ((4, 1), {"task": "binary"}, (4, 2), (4,)),
    "dense multilabel": ((4, 3), {"task": "multilabel"}, (4, 3), (4, 3)),
}


@pytest.mark.parametrize("form", ["array", "generator", "batches of no rows"])
@pytest.mark.parametrize("case", HEADS)
def test_shapes_and_dtypes_of_each_head(identity, case, form):
    shape, keywords, proba, classes = HEADS[case]
    names = list("abc")[: proba[keywords.get("axis", 0) - 1]]
    labeled = identity(shape, **keywords, from_logits=True, class_names=names)

    def data():
        empty = np.zeros((0, *shape), "float32")
        return {"array": empty, "generator": iter(())}.get(form, iter([empty, empty]))

    made = labeled.predict_proba(data())
    assert (made.shape, made.dtype) == ((0, *proba), np.float32)
    made = labeled.predict_classes(data())
    assert (made.shape, made.dtype) == ((0, *classes), np.int32)
    made = labeled.predict_labels(data())
    if keywords["task"] == "multilabel":
        assert made == []
    else:
        assert (made.shape, made.dtype) == ((0, *classes), object)
    assert labeled.predict_top_k(data(), k=2) == []


@pytest.mark.parametrize("given", [[], (), np.zeros((0, 4)).tolist()])
def test_empty_list(labeled, given):
    assert labeled.predict_classes(given).shape == (0,)


def test_empty_datasets(labeled, x):
    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 0

    assert labeled.predict_proba(Rows()).shape == (0, 3)
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices(x).batch(4)
    assert labeled.predict_proba(data.take(0)).shape == (0, 3)
    assert labeled.predict_proba(data.filter(lambda _: False)).shape == (0, 3)


def test_unknown_middle_axes_are_those_of_the_data(identity):
    labeled = identity((None, None, 3), task="multiclass", from_logits=True)
    assert labeled.predict_classes(np.zeros((0, 6, 7, 3))).shape == (0, 6, 7)


def test_several_heads():
    inputs = keras.Input((4,))
    species = keras.layers.Dense(3, "softmax", name="species")(inputs)
    sick = keras.layers.Dense(1, "sigmoid", name="sick")(inputs)
    size = keras.layers.Dense(2, name="size")(inputs)
    model = keras.Model(inputs, {"species": species, "sick": sick, "size": size})
    labeled = kl.LabeledModel(model, heads={"species": {}, "sick": {}})
    made = labeled.predict_classes(np.zeros((0, 4)))
    assert {name: one.shape for name, one in made.items()} == {
        "species": (0,),
        "sick": (0,),
        "size": (0, 2),
    }
    assert made["sick"].dtype == np.int32
    assert made["size"].dtype == np.float32


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_dtypes_under_every_policy(policy):
    if policy == "float64" and keras.backend.backend() == "jax":
        pytest.skip("jax has no float64 by default")
    layer = keras.layers.Dense(3, "softmax", dtype=policy)
    labeled = kl.LabeledModel(keras.Sequential([keras.Input((4,)), layer]))
    assert labeled.predict_proba(np.zeros((0, 4))).dtype == np.float32
    assert labeled.predict_classes(np.zeros((0, 4))).dtype == np.int32


def subclassed():
    class Inner(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs):
            return self.dense(inputs)

    model = Inner()
    model(np.zeros((1, 4), "float32"))
    return kl.LabeledModel(model, task="multiclass", from_logits=True)


def test_subclassed_model_with_an_array():
    assert subclassed().predict_classes(np.zeros((0, 4))).shape == (0,)


def test_subclassed_model_without_any_batch_is_refused():
    with pytest.raises(kl.InputError, match=r"no batch.*Pass an array of 0 rows"):
        subclassed().predict_classes(iter(()))
