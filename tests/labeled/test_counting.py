"""Positions that do not count: weights, ignored classes and masks of Keras."""

import functools

import keras
import numpy as np
import pytest
from keras import layers, losses
from labelers import several_heads
from sklearn import metrics

import keras_labels as kl

NAMES = ["O", "PER", "LOC", "ORG"]
X = np.array([[1, 2, 3, 0, 0, 0], [1, 1, 0, 0, 0, 0], [3, 2, 2, 1, 1, 0]])  # 0 pads
Y = np.array([[1, 2, 1, 0, 0, 0], [2, 1, 0, 0, 0, 0], [3, 0, 2, 1, 2, 0]])
REAL = X > 0


def tagger(mask=False, loss="sparse_categorical_crossentropy", length=6, **keywords):
    """Return a model that tags each token with its own id."""
    embedding = layers.Embedding(
        4, 4, embeddings_initializer="identity", mask_zero=mask
    )
    inputs = keras.Input((length,), dtype="int32")
    outputs = layers.Activation("softmax")(embedding(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(loss=loss, weighted_metrics=["accuracy"])
    return kl.LabeledModel(model, class_names=NAMES, **keywords)


def numbers(made):
    """Return a report without what tells how it came about."""
    found = made.to_dict()
    return {
        key: found[key] for key in ("metrics", "per_class", "confusion", "mistakes")
    }


@pytest.fixture(scope="module")
def plain():
    return tagger()


@pytest.fixture(scope="module")
def masked():
    return tagger(mask=True)


@pytest.fixture(scope="module")
def without_padding():
    """The report of the real tokens, each a row of its own."""
    tokens = tagger(length=None).report(X[REAL].reshape(-1, 1), Y[REAL].reshape(-1, 1))
    return numbers(tokens)["metrics"]


class TestWeights:
    @pytest.mark.parametrize("of", ["padding", "positions", "rows"])
    def test_accuracy_is_that_of_evaluate(self, of):
        weights = np.random.default_rng(0).random(X.shape)
        given = {"padding": REAL, "positions": weights, "rows": weights[:, :1]}[of]
        given, labeled = given.astype("float32"), tagger()
        _, theirs = labeled.evaluate(X, Y, sample_weight=given, verbose=0)
        made = labeled.report(X, Y, sample_weight=given).to_dict()
        assert made["metrics"]["accuracy"] == pytest.approx(theirs, rel=1e-5)

    def test_a_weight_for_each_row_is_that_of_its_positions(self, plain):
        # Keras takes (rows, 1), and (rows,) for positions where there are as many.
        rows = np.array([1, 0, 3])
        wide = numbers(plain.report(X, Y, sample_weight=rows[:, None]))
        assert numbers(plain.report(X, Y, sample_weight=rows)) == wide
        square = tagger(length=3).report(X[:, :3], Y[:, :3], sample_weight=rows)
        assert square.to_dict()["rows"] == 6

    @pytest.mark.parametrize("kind", ["py_dataset", "generator", "tf", "torch"])
    def test_third_part_of_batches(self, plain, kind, without_padding):
        made = plain.report(dataset(kind, X, Y, REAL.astype("float32")))
        assert made.to_dict()["metrics"] == pytest.approx(without_padding)
        assert made.to_dict()["rows"] == 10
        assert made.to_dict()["positions"] == 18
        assert "Of 18 positions 10 count" in made.text
        assert "Of 18 positions 10 count" in made.to_html()

    def test_arrays(self, plain, without_padding):
        for weights in (REAL, REAL.astype(int), REAL[..., None], REAL.tolist()):
            made = plain.report(X, Y, sample_weight=weights)
            assert made.to_dict()["metrics"] == without_padding

    def test_mistakes_keep_their_places(self, plain):
        made = plain.report(X, Y, sample_weight=REAL).to_dict()
        places = [tuple(one["row"]) for one in made["mistakes"]]
        assert {*places} == {*map(tuple, np.argwhere(REAL & (X != Y)).tolist())}

    def test_rows_of_a_plain_head(self):
        model = keras.Sequential([keras.Input((1,)), layers.Activation("linear")])
        labeled = kl.LabeledModel(model, from_logits=True)  # the scores are the inputs
        rng = np.random.default_rng(1)
        x = rng.normal(size=(200, 1)).astype("float32")
        y = (x[:, 0] + rng.normal(size=200) > 0).astype(int)
        w = rng.exponential(size=200)
        tuned = labeled.tune_thresholds(x, y, sample_weight=w, bootstrap=0)
        f1 = metrics.f1_score(y, tuned.predict_classes(x), sample_weight=w)
        assert tuned.tuning.score == pytest.approx(f1)
        batches = [(x[:90], y[:90], w[:90]), (x[90:], y[90:], w[90:])]
        for method, options in (
            ("tune_thresholds", {"bootstrap": 0}),
            ("calibrate", {"method": "isotonic"}),
            ("calibrate", {"method": "platt"}),
            ("tune_rejection", {"coverage": 0.5}),
        ):
            one = getattr(labeled, method)(x, y, sample_weight=w, **options)
            other = getattr(labeled, method)(iter(batches), **options)
            assert one.decoding == other.decoding
            assert one.tuning == other.tuning
            kept = w > 0.5
            one = getattr(labeled, method)(x, y, sample_weight=kept, **options)
            other = getattr(labeled, method)(x[kept], y[kept], **options)
            assert one.tuning == other.tuning

    def test_each_head_has_its_own(self):
        labeled = several_heads()
        rng = np.random.default_rng(2)
        x = rng.normal(size=(50, 4)).astype("float32")
        y = {"species": rng.integers(0, 3, 50), "sick": rng.integers(0, 2, 50)}
        w = {"species": rng.random(50), "sick": rng.integers(0, 3, 50)}
        ids = labeled.predict_classes(x)

        def accuracy(made, name):
            return made.to_dict()["heads"][name]["metrics"]["accuracy"]

        made = labeled.report(x, y, sample_weight=w)
        from_batch = labeled.report(iter([(x, y, w)]))
        for name in y:
            want = np.average(ids[name] == y[name], weights=w[name])
            assert accuracy(made, name) == pytest.approx(want)
            assert accuracy(from_batch, name) == accuracy(made, name)
        of_one = labeled.report(x, y, sample_weight={"sick": w["sick"]})
        assert accuracy(of_one, "sick") == accuracy(made, "sick")
        assert accuracy(of_one, "species") == (ids["species"] == y["species"]).mean()
        for_all = labeled.report(x, y, sample_weight=w["species"])
        assert accuracy(for_all, "species") == accuracy(made, "species")
        one = labeled.tune_thresholds(x, y, head="sick", sample_weight=w, bootstrap=0)
        rows = np.repeat(np.arange(50), w["sick"])
        other = labeled.tune_thresholds(x[rows], y["sick"][rows], head="sick")
        assert one.decoding["sick"].threshold == other.decoding["sick"].threshold

    def test_labels_may_be_unknown(self):
        model = keras.Sequential([keras.Input((3,)), layers.Activation("sigmoid")])
        labeled = kl.LabeledModel(model)
        rng = np.random.default_rng(3)
        x = rng.normal(size=(80, 3)).astype("float32")
        y, unknown = rng.integers(0, 2, (80, 3)), rng.random((80, 3)) < 0.3
        said = np.where(unknown, -1, y)
        one = labeled.report(x, said, ignore_class=-1)
        other = labeled.report(x, y, sample_weight=~unknown)
        assert numbers(one) == numbers(other)
        ids = labeled.predict_classes(x)
        for k, found in enumerate(one.to_dict()["per_class"]):
            known = ~unknown[:, k]
            f1 = metrics.f1_score(y[known, k], ids[known, k])
            assert found["f1"] == pytest.approx(f1)
        with pytest.raises(kl.InputError, match="pass ignore_class=-1"):
            labeled.report(x, said)

    def test_a_dataset_carries_its_own(self, plain):
        with pytest.raises(kl.InputError, match="a dataset and `sample_weight`"):
            plain.report(iter([(X, Y)]), sample_weight=REAL)
        with pytest.raises(kl.InputError, match="Batch 1 has not one row"):
            plain.report(iter([(X, Y, REAL[:2])]))
        with pytest.raises(kl.InputError, match="sample weights of a batch are arrays"):
            plain.report(iter([(X, Y, 3.0)]))
        with pytest.raises(kl.InputError, match="None of 18 positions counts"):
            plain.report(X, Y, sample_weight=np.zeros(3))
        with pytest.raises(kl.InputError, match=r"each decision, \(3, 6\)"):
            plain.report(X, Y, sample_weight=np.ones((3, 5)))


def dataset(kind, x, y, w):
    parts = [slice(0, 2), slice(2, 3)]
    if kind == "generator":
        return ((x[p], y[p], w[p]) for p in parts)
    if kind == "tf":
        tf = pytest.importorskip("tensorflow")
        return tf.data.Dataset.from_tensor_slices((x, y, w)).shuffle(3).batch(2)
    if kind == "torch":
        torch = pytest.importorskip("torch")
        rows = torch.utils.data.TensorDataset(*map(torch.tensor, (x, y, w)))
        return torch.utils.data.DataLoader(rows, batch_size=2, shuffle=True)

    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, at):
            return x[parts[at]], y[parts[at]], w[parts[at]]

    return Rows()


class TestIgnoredClass:
    @pytest.mark.parametrize("pad", [-1, 255])
    def test_what_stands_there_takes_no_part(self, plain, pad, without_padding):
        y = np.where(REAL, Y, pad)
        for targets in (y, y.astype("float32"), y[..., None]):
            made = plain.report(X, targets, ignore_class=pad)
            assert made.to_dict()["metrics"] == without_padding
        with pytest.raises(kl.InputError, match=f"pass ignore_class={pad}, or a `samp"):
            plain.report(X, y)

    def test_several_and_one_hot_and_names(self, plain, without_padding):
        y = np.where(REAL, Y, 255)
        y[0, 3] = -1
        forms = [
            (y, (-1, 255)),
            (np.eye(4)[Y] * REAL[..., None], -1),  # as one-hot encoding makes of it
            (np.where(REAL, np.array(NAMES)[Y], "pad"), "pad"),
            (np.where(REAL, np.array(NAMES)[Y], "pad").astype(bytes), "pad"),
        ]
        for targets, ignored in forms:
            made = plain.report(X, targets, ignore_class=ignored)
            assert made.to_dict()["metrics"] == without_padding

    @pytest.mark.parametrize("said", [2, "LOC", np.int64(2), ["LOC"], {2}])
    def test_a_class_of_the_model(self, plain, said):
        kept = Y != 2
        other = numbers(plain.report(X, Y, sample_weight=kept))
        for y in (Y, np.array(NAMES)[Y], np.eye(4)[Y]):
            assert numbers(plain.report(X, y, ignore_class=said)) == other

    @pytest.mark.parametrize("said", [1.5, True, object(), [None]])
    def test_what_is_no_class_is_refused(self, plain, said):
        with pytest.raises(kl.DecodingError, match="`ignore_class` is a class id"):
            plain.report(X, Y, ignore_class=said)

    def test_a_name_that_no_class_has_is_refused_beside_numbers(self, plain):
        with pytest.raises(kl.InputError, match="'void', which is no class"):
            plain.report(X, Y, ignore_class="void")

    def test_labels_have_no_class_to_ignore(self):
        model = keras.Sequential([keras.Input((3,)), layers.Activation("sigmoid")])
        with pytest.raises(kl.DecodingError, match="neither yes nor no"):
            kl.LabeledModel(model).report(
                np.zeros((2, 3)), np.eye(3)[:2], ignore_class=0
            )

    @pytest.mark.parametrize(
        "form",
        [
            lambda loss: loss,
            lambda loss: [loss],
            lambda loss: {"activation": loss},
            keras.losses.serialize,
            lambda loss: functools.partial(
                losses.sparse_categorical_crossentropy, ignore_class=loss.ignore_class
            ),
        ],
        ids=["object", "list", "dict", "config", "partial"],
    )
    def test_the_loss_says_it(self, form, without_padding):
        loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
        labeled = tagger()
        labeled.model.compile(loss=form(loss))
        y = np.where(REAL, Y, 255)
        made = labeled.report(X, y)
        assert made.to_dict()["metrics"] == without_padding
        assert "true class is 255" in made.text
        assert numbers(labeled.report(X, Y)) == numbers(tagger().report(X, Y))
        with pytest.raises(kl.InputError, match="Received also: \\[255\\]"):
            labeled.report(X, y, ignore_class=())

    def test_it_is_in_the_file(self, tmp_path, without_padding):
        loss = losses.SparseCategoricalCrossentropy(ignore_class=0)
        made = tagger(loss=loss)
        made.model.optimizer.build(made.model.trainable_variables)
        made.save(tmp_path / "m.keras")
        labeled = keras.saving.load_model(tmp_path / "m.keras")
        other = labeled.report(X, Y, ignore_class=(), sample_weight=Y != 0)
        assert numbers(labeled.report(X, Y)) == numbers(other)

    def test_each_head_has_its_own(self):
        labeled = several_heads()
        labeled.model.compile(
            loss={
                "species": losses.SparseCategoricalCrossentropy(ignore_class=255),
                "sick": "binary_crossentropy",
            }
        )
        rng = np.random.default_rng(4)
        x = rng.normal(size=(30, 4)).astype("float32")
        y = {"species": rng.integers(0, 3, 30), "sick": rng.integers(0, 2, 30)}
        void = np.arange(30) % 5 == 0
        said = y | {"species": np.where(void, 255, y["species"])}
        found = labeled.report(x, said).to_dict()["heads"]
        assert found["species"]["rows"] == 24
        assert found["sick"]["rows"] == 30
        one = labeled.report(x, said, ignore_class={"species": 255, "sick": 1})
        found = one.to_dict()["heads"]
        assert found["species"]["rows"] == 24
        assert found["sick"]["rows"] == (y["sick"] == 0).sum()


class TestMasks:
    def test_padding_takes_no_part(self, plain, masked, without_padding):
        made = masked.report(X, Y)
        assert made.to_dict()["metrics"] == without_padding
        assert numbers(made) == numbers(plain.report(X, Y, sample_weight=REAL))
        _, theirs = masked.evaluate(X, Y, sample_weight=np.ones(X.shape), verbose=0)
        ours = made.to_dict()["metrics"]["accuracy"]
        assert ours == pytest.approx(theirs, rel=1e-6)

    def test_batches_of_their_own_length(self, without_padding):
        labeled = tagger(mask=True, length=None)
        batches = [(X[:1, :4], Y[:1, :4]), (X[1:2, :2], Y[1:2, :2]), (X[2:], Y[2:])]
        made = labeled.report(iter(batches))
        assert made.to_dict()["metrics"] == without_padding
        assert "Of 12 positions 10 count" in made.text
        whole = labeled.report(X, Y).to_dict()
        assert made.to_dict()["mistakes"] == whole["mistakes"]

    def test_beside_weights_and_an_ignored_class(self, plain, masked):
        weights = np.random.default_rng(5).integers(0, 3, X.shape)
        one = masked.report(X, Y, sample_weight=weights, ignore_class=2)
        kept = weights * REAL * (Y != 2)
        assert numbers(one) == numbers(plain.report(X, Y, sample_weight=kept))

    @pytest.mark.parametrize("batch", [1, 2])
    def test_tuning(self, plain, masked, batch):
        batches = [(X[i : i + batch], Y[i : i + batch]) for i in range(0, 3, batch)]
        for method, options in (
            ("calibrate", {"method": "temperature"}),
            ("tune_rejection", {"coverage": 0.5}),
        ):
            want = getattr(plain, method)(X, Y, sample_weight=REAL, **options)
            for found in (
                getattr(masked, method)(X, Y, **options),
                getattr(masked, method)(iter(batches), **options),
            ):
                assert found.tuning == want.tuning
                assert found.tuning.rows == 10

    def test_marked(self, plain, masked):
        ids = np.where(REAL, X, -1)
        assert masked.predict_classes(X, masked="mark").tolist() == ids.tolist()
        names = np.array([*NAMES, None], object)[ids]
        assert masked.predict_labels(X, masked="mark").tolist() == names.tolist()
        best = masked.predict_top_k(X, 1, masked="mark")
        assert [[bool(step) for step in row] for row in best] == REAL.tolist()
        assert masked.predict_classes(X).tolist() == X.tolist()
        assert masked.predict_labels(X).tolist() == np.array(NAMES)[X].tolist()
        assert masked.predict_classes(X, masked="keep").tolist() == X.tolist()

    def test_marked_in_every_way_to_run(self, masked):
        ids = np.where(REAL, X, -1)
        many = np.tile(X, (40, 1))
        for given, options in (
            (many, {}),
            (many, {"batch_size": 7}),
            (iter([X, X]), {}),
            (X[:1], {}),
            (X[:0], {}),
        ):
            found = masked.predict_classes(given, masked="mark", **options)
            rows = len(found)
            assert found.tolist() == np.tile(ids, (40, 1))[:rows].tolist()
        small = masked.predict_classes(X, masked="mark", dtype="int8")
        assert small.dtype == np.int8
        with pytest.raises(kl.DecodingError, match="uint8"):
            masked.predict_classes(X, masked="mark", dtype="uint8")

    # torch's own warnings of what it does inside of `torch.export`.
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_marked_by_what_is_compiled(self, masked):
        many = np.tile(X, (4, 1))
        found = masked.predict_classes(many, masked="mark", jit_compile=True)
        assert found.tolist() == np.where(many > 0, many, -1).tolist()

    def test_of_models_that_keras_runs_itself(self, masked):
        eager = tagger(mask=True)
        eager.model.compile(run_eagerly=True)
        said = {"task": "multiclass", "from_logits": False, "axis": -1}
        own, sub = Own.wrap(masked.model, **said), kl.LabeledModel(Sub(), **said)
        for labeled in (eager, sub, own):
            found = labeled.predict_classes(X, masked="mark")
            assert found.tolist() == np.where(REAL, X, -1).tolist()
            assert labeled.report(X, Y).to_dict()["rows"] == 10
            assert labeled.report(iter([(X, Y)] * 2)).to_dict()["rows"] == 20

    def test_nan_in_padding_is_no_mistake(self):
        inputs = keras.Input((3, 2))
        outputs = layers.Masking(9.0)(inputs)
        labeled = kl.LabeledModel(
            keras.Model(inputs, outputs),
            from_logits=True,
            task="multiclass",
            axis=-1,
        )
        x = np.array([[[1, 0], [0, 1], [9, 9]]], "float32")
        found = labeled.predict_classes(x, masked="mark")
        assert found.tolist() == [[0, 1, -1]]
        x[0, 1, 0] = np.nan
        with pytest.raises(kl.InputError, match="1 of 1 rows have NaN"):
            labeled.predict_classes(x, masked="mark")
        found = labeled.predict_classes(x, masked="mark", invalid="mark")
        assert found.tolist() == [[0, -1, -1]]

    def test_several_heads(self):
        inputs = keras.Input((6,), dtype="int32")
        steps = layers.Embedding(
            4, 4, embeddings_initializer="identity", mask_zero=True
        )(inputs)
        tags = layers.Activation("softmax", name="tags")(steps)
        whole = layers.Dense(1, "sigmoid", name="whole")(layers.LSTM(2)(steps))
        model = keras.Model(inputs, {"tags": tags, "whole": whole})
        labeled = kl.LabeledModel(model, heads={"tags": {}, "whole": {}})
        found = labeled.predict_classes(X, masked="mark")
        assert found["tags"].tolist() == np.where(REAL, X, -1).tolist()
        assert found["whole"].min() >= 0
        made = labeled.report(X, {"tags": Y, "whole": [0, 1, 1]}).to_dict()["heads"]
        assert made["tags"]["rows"] == 10
        assert made["whole"]["rows"] == 3

    def test_labels_of_steps(self):
        inputs = keras.Input((6,), dtype="int32")
        steps = layers.Embedding(4, 4, "identity", mask_zero=True)(inputs)
        outputs = layers.Activation("sigmoid")(steps)
        labeled = kl.LabeledModel(
            keras.Model(inputs, outputs), class_names=NAMES, threshold=0.6
        )
        found = labeled.predict_classes(X, masked="mark")
        assert found.shape == (3, 6, 4)
        assert (found[~REAL] == -1).all()
        assert (found[REAL] == np.eye(4)[X[REAL]]).all()
        labels = labeled.predict_labels(X, masked="mark")
        assert [[step is not None for step in row] for row in labels] == REAL.tolist()
        made = labeled.report(X, np.eye(4, dtype=int)[Y]).to_dict()
        assert made["rows"] == 10

    def test_rejected_steps_are_told_from_padding(self):
        labeled = tagger(mask=True, reject_below=0.5)
        assert (labeled.predict_classes(X) == -1).all()
        assert (labeled.predict_classes(X, masked="mark") == -1).all()
        accepting = labeled.with_decoding(reject_below=0.4)
        found = accepting.predict_classes(X, masked="mark")
        assert found.tolist() == np.where(REAL, X, -1).tolist()

    def test_a_model_without_a_mask_is_told(self, plain):
        with pytest.raises(kl.InputError, match="none reaches the output of"):
            plain.predict_labels(X, masked="mark")
        with pytest.raises(kl.DecodingError, match="'keep' or 'mark'"):
            plain.predict_labels(X, masked=True)

    def test_a_mask_of_steps_says_nothing_of_rows(self):
        inputs = keras.Input((6,), dtype="int32")
        steps = layers.Embedding(4, 4, "identity", mask_zero=True)(inputs)
        outputs = Pooled()(steps)
        labeled = kl.LabeledModel(
            keras.Model(inputs, outputs), task="multiclass", from_logits=True
        )
        assert labeled.report(X, [0, 1, 2]).to_dict()["rows"] == 3

    def test_a_mask_of_another_length_is_told(self):
        inputs = keras.Input((6,), dtype="int32")
        steps = layers.Embedding(4, 4, "identity", mask_zero=True)(inputs)
        outputs = Halved()(steps)
        labeled = kl.LabeledModel(
            keras.Model(inputs, outputs),
            task="multiclass",
            from_logits=True,
            axis=-1,
        )
        with pytest.raises(kl.InputError, match=r"mask of shape \(3, 6\)"):
            labeled.report(X, Y[:, :3])


class Own(keras.Model):
    """A model with a step of its own."""

    def predict_step(self, *args):
        return super().predict_step(*args)

    @classmethod
    def wrap(cls, model, **said):
        return kl.LabeledModel(cls(model.input, model.output), **said)


class Sub(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(4, 4, "identity", mask_zero=True)
        self.last = layers.Activation("softmax")
        self(X)

    def call(self, x):
        return self.last(self.embedding(x))


class Pooled(layers.Layer):
    supports_masking = True

    def call(self, x):
        return keras.ops.mean(x, axis=1)

    def compute_output_shape(self, shape):
        return (shape[0], shape[2])


class Halved(layers.Layer):
    supports_masking = True

    def call(self, x):
        return x[:, ::2]

    def compute_output_shape(self, shape):
        return (shape[0], shape[1] // 2, shape[2])


class TestPredictWithTargets:
    def test_two_values_as_ever(self, masked):
        y, p = masked.predict_with_targets(iter([(X, Y, REAL)]))
        assert y.tolist() == Y.tolist()
        assert p.shape == (3, 6, 4)

    def test_weights_are_the_third(self, masked):
        weights = np.random.default_rng(6).random(X.shape)
        loss = losses.SparseCategoricalCrossentropy(ignore_class=2)
        masked = tagger(mask=True, loss=loss)
        batches = [(X[:2], Y[:2], weights[:2]), (X[2:], Y[2:], weights[2:])]
        y, p, w = masked.predict_with_targets(iter(batches), sample_weight=True)
        np.testing.assert_array_equal(w, weights * REAL * (Y != 2))
        keep = w > 0
        loss = metrics.log_loss(
            y[keep], p[keep], sample_weight=w[keep], labels=range(4)
        )
        made = masked.report(iter(batches)).to_dict()
        assert made["metrics"]["log_loss"] == pytest.approx(loss, rel=1e-5)
        found = masked.predict_with_targets(X, Y, sample_weight=weights)
        np.testing.assert_array_equal(found[2], w)
        found = masked.predict_with_targets(
            X, Y, sample_weight=True, ignore_class=(1, 3)
        )
        assert found[2].tolist() == (REAL & ~np.isin(Y, (1, 3))).tolist()

    def test_without_anything_all_count_once(self, plain):
        *_, w = plain.predict_with_targets(iter([(X, Y)]), sample_weight=True)
        assert w.tolist() == np.ones(X.shape).tolist()

    def test_several_heads(self):
        labeled = several_heads()
        x = np.zeros((4, 4), "float32")
        y = {"species": np.arange(4) % 3, "sick": np.arange(4) % 2}
        given = {"sick": np.arange(4.0)}
        _, p, w = labeled.predict_with_targets(
            iter([(x, y, given)]), sample_weight=True
        )
        assert w["sick"].tolist() == [0, 1, 2, 3]
        assert w["species"].tolist() == [1, 1, 1, 1]
        assert {*p} >= {"species", "sick"}

    def test_ignored_class_alone_is_refused(self, plain):
        with pytest.raises(kl.DecodingError, match="Pass sample_weight=True"):
            plain.predict_with_targets(iter([(X, Y)]), ignore_class=2)


def test_displays_leave_out_what_does_not_count(masked):
    mpl = pytest.importorskip("matplotlib")
    mpl.use("Agg")
    made = kl.ReliabilityDisplay.from_model(masked, X, Y)
    other = kl.ReliabilityDisplay.from_model(tagger(), X, Y, sample_weight=REAL)
    ours, theirs = made.line_.get_xydata(), other.line_.get_xydata()
    np.testing.assert_allclose(ours, theirs)
    made = kl.ReliabilityDisplay.from_model(masked, iter([(X, Y)]), ignore_class=3)
    kept = REAL & (Y != 3)
    other = kl.ReliabilityDisplay.from_model(tagger(), X, Y, sample_weight=kept)
    np.testing.assert_allclose(made.line_.get_xydata(), other.line_.get_xydata())
