"""In a real browser every slider shows what Python decides."""

import ast
import time
from decimal import ROUND_HALF_UP, Decimal

import keras
import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
)

from keras_labels import LabeledModel
from keras_labels.reports import report, several

HOSTILE = [
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=\"document.title='owned'\">",
    "\"quotes\" 'and' `more` \\ & &lt;",
    "👩‍🔬 emoji",
    "עברית \u202e and override",
    "line\u2028separator\nand\ttab",
    "{{ 7 * 7 }} {% raw %}",
    "x" * 300,
]


NOTHING = "\N{EN DASH}"  # where there is nothing to divide by


def places(count):
    """Return some places of a slider: both ends, and some between."""
    return sorted({*range(0, count, max(1, count // 7)), count - 1})


def counted(y, decided, classes):
    """Return the matrix as the page shows it, the last column rejected."""
    matrix = np.zeros((classes, classes + 1), int)
    np.add.at(matrix, (y, np.where(decided < 0, classes, decided)), 1)
    return matrix.tolist()


def shown(value):
    """Return a number as JavaScript rounds it: of two equally near the larger."""
    return str(Decimal(float(value)).quantize(Decimal("0.001"), ROUND_HALF_UP))


@pytest.mark.parametrize("inclusive", [False, True])
def test_binary_sliders_show_what_decode_decides(page, case, inclusive):
    made = case("binary", threshold=0.4, digits=2, inclusive=inclusive)
    page.open(made.report)
    data = page.data()
    (question,) = data["questions"]
    bounds = [None, *data["bounds"]]
    for at in places(len(question["cuts"])):
        page.set("h0-threshold", at)
        for bound in places(len(bounds)):
            page.set("h0-bound", bound)
            decided = made.decide(
                threshold=question["cuts"][at], reject_below=bounds[bound]
            )
            assert page.matrix() == counted(made.y, decided, 2)
            check_tiles(page, made.y, decided)


def check_tiles(page, y, decided):
    taken = decided >= 0
    assert page.text("h0-coverage") == shown(taken.mean())
    if not taken.any():
        assert page.text("h0-accuracy") == NOTHING
        return
    y, decided = y[taken], decided[taken]
    assert page.text("h0-accuracy") == shown(accuracy_score(y, decided))
    scores = precision_recall_fscore_support(
        y, decided, labels=[1], zero_division=np.nan
    )
    for name, (score,) in zip(("precision", "recall", "f1"), scores[:3], strict=True):
        assert page.text(f"h0-{name}") == (NOTHING if np.isnan(score) else shown(score))


def test_cost_is_of_the_mistakes_and_the_rejected(page, case):
    made = case("binary", reject_below=0.7)
    page.open(made.report)
    for name, price in (("fp", 2), ("fn", 5.5), ("open", 0.25)):
        page.set(f"h0-{name}", price)
    (tn, fp, open_no), (fn, tp, open_yes) = counted(made.y, made.decided, 2)
    cost = 2 * fp + 5.5 * fn + 0.25 * (open_no + open_yes)
    assert float(page.text("h0-cost").replace(",", "")) == cost
    assert tn + tp > 0


def test_every_bound_of_exclusive_classes(page, case):
    made = case("multiclass", reject_below=0.5)
    page.open(made.report)
    bounds = [None, *page.data()["bounds"]]
    for at in places(len(bounds)):
        page.set("h0-bound", at)
        decided = made.decide(reject_below=bounds[at])
        assert page.matrix() == counted(made.y, decided, 4)
        taken = decided >= 0
        assert page.text("h0-coverage") == shown(taken.mean())
        if taken.any():
            y, d = made.y[taken], decided[taken]
            scores = precision_recall_fscore_support(
                y, d, average="macro", zero_division=0
            )
            names = ("precision", "recall", "f1")
            for name, score in zip(names, scores[:3], strict=True):
                assert page.text(f"h0-{name}") == shown(score)
            assert page.text("h0-accuracy") == shown(accuracy_score(y, d))


def test_a_matrix_of_costs_is_used(page, case):
    costs = [[0, 1, 2, 3], [4, 0, 1, 1], [1, 1, 0, 9], [2, 2, 2, 0]]
    made = case("multiclass", costs=costs)
    page.open(made.report)
    expected = sum(costs[i][j] for i, j in zip(made.y, made.decided, strict=True))
    assert float(page.text("h0-cost").replace(",", "")) == expected
    assert not page.driver.find_elements(By.ID, "h0-mistake")


def test_of_many_classes_the_largest_confusions_are_shown(page, case):
    names = [f"class {k}" for k in range(30)]
    made = case("multiclass", classes=30, class_names=names)
    page.open(made.report)
    page.set("h0-bound", 20)
    decided = made.decide(reject_below=page.data()["bounds"][19])
    matrix = np.array(counted(made.y, decided, 30))[:, :-1]
    np.fill_diagonal(matrix, 0)
    largest = np.sort(matrix, axis=None)[::-1][:25]
    assert page.last_column("h0-matrix") == largest.tolist()


def labels_on(page):
    rows = page.run(
        "return [...document.querySelectorAll('#h0-classes tbody tr')]"
        ".map(r => [...r.querySelectorAll('td')].map(c => c.textContent))"
    )
    return [[int(cell.replace(",", "")) for cell in row[-4:]] for row in rows]


def counted_labels(y, decided):
    pairs = [(True, 1), (False, 1), (True, 0), (False, 0)]  # tp, fp, fn, tn
    counts = [[(y == t) & (decided == d)] for t, d in pairs]
    return np.sum(counts, axis=(1, 2)).T.tolist()


@pytest.mark.parametrize("limits", [{"min_labels": 1}, {"max_labels": 2}])
def test_tied_labels_share_a_threshold(page, case, limits):
    made = case("multilabel", digits=1, **limits)
    page.open(made.report)
    data = page.data()
    bounds = [None, *data["bounds"]]
    for at in places(len(data["questions"][0]["cuts"])):
        for bound in (0, 30, 80):
            page.set("h0-threshold", at)
            page.set("h0-bound", bound)
            cut = data["questions"][0]["cuts"][at]
            decided = made.decide(threshold=cut, reject_below=bounds[bound])
            assert labels_on(page) == counted_labels(made.y, decided)


def changes_of(page, head=0):
    """Return the keywords of the Python line, read as Python reads them."""
    call = ast.parse(page.text(f"h{head}-python"), mode="eval").body
    assert ast.unparse(call.func) == "labeled.with_decoding"
    return {one.arg: ast.literal_eval(one.value) for one in call.keywords}


def test_the_python_line_decides_as_the_page(page, case):
    made = case("binary")
    page.open(made.report)
    page.set("h0-threshold", 30)
    page.set("h0-bound", 70)
    decided = made.decide(**changes_of(page))
    assert page.matrix() == counted(made.y, decided, 2)
    assert changes_of(page)["reject_below"] > 0


def test_the_python_line_holds_hostile_names(page, case):
    made = case("multilabel", classes=8, class_names=HOSTILE)
    page.open(made.report)
    for label in range(8):
        page.set("h0-chosen", label)
        page.set("h0-threshold", 20 + label)
    changes = changes_of(page)
    assert list(changes["threshold"]) == HOSTILE
    assert labels_on(page) == counted_labels(made.y, made.decide(**changes))


def test_hostile_names_are_shown_and_execute_nothing(page, case):
    for task in ("multiclass", "multilabel"):
        made = case(task, classes=8, class_names=HOSTILE, title=HOSTILE[1])
        page.open(made.report)
        assert page.run("return document.title") == HOSTILE[1]
        assert page.text("h0-title") == "Decision"
        names = page.run(
            "return [...document.querySelectorAll('#h0-classes tbody th')]"
            ".map(c => c.textContent)"
        )
        assert names == HOSTILE
        options = page.run(
            "return [...document.querySelectorAll('#h0-chosen option')]"
            ".map(c => c.textContent)"
        )
        assert options == HOSTILE
        assert page.run("return document.images.length") == 0


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("calibrated", [False, True])
def test_the_page_of_a_model_starts_with_its_decisions(page, task, calibrated):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 2 if task == "binary" else 3)).astype("float32")
    hidden = x + rng.normal(size=x.shape)
    y = hidden > 0.5 if task == "multilabel" else hidden.argmax(axis=1)
    model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Rescaling(2.0)])
    cut = {} if task == "multiclass" else {"threshold": 0.4}
    labeled = LabeledModel(model, task=task, from_logits=True)
    if calibrated:
        labeled = labeled.calibrate(x, y)
    labeled = labeled.with_decoding(reject_below=0.7, **cut)
    page.open(labeled.report(x, y))
    decided = labeled.predict_classes(x)
    if task == "multilabel":
        assert labels_on(page) == counted_labels(y, decided)
    else:
        assert page.matrix() == counted(y, decided, x.shape[1])
    assert page.text("h0-accuracy-change") == "\N{PLUS-MINUS SIGN}0"


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_sliders_show_what_rows_weigh(page, case, task):
    made = case(task, digits=2)
    weights = np.random.default_rng(4).exponential(size=600).astype("float32") * 1e-2
    weights[::5] = 0
    kept = weights > 0
    page.open(report(made.y, made.p, made.decided, made.rule, sample_weight=weights))
    data, y, w = page.data(), made.y[kept], weights[kept].astype(float)
    bounds = [None, *data["bounds"]]
    for at in places(len(bounds)):
        page.set("h0-bound", at)
        cut = {}
        if task == "binary":
            page.set("h0-threshold", 3 * at % len(data["questions"][0]["cuts"]))
            cut = changes_of(page)
        decided = made.decide(**cut, **({} if cut else {"reject_below": bounds[at]}))
        decided = decided[kept]
        size = len(data["names"])
        matrix = np.zeros((size, size + 1))
        np.add.at(matrix, (y, np.where(decided < 0, size, decided)), w)
        np.testing.assert_allclose(page.matrix(kind=float), matrix, rtol=1e-5)
        taken = decided >= 0
        share = w[taken].sum() / w.sum()
        assert float(page.text("h0-coverage")) == pytest.approx(share, abs=6e-4)
        if taken.any():
            right = accuracy_score(y[taken], decided[taken], sample_weight=w[taken])
            assert float(page.text("h0-accuracy")) == pytest.approx(right, abs=6e-4)
    assert "Of 600 rows 480 count" in page.text("h0")


def test_several_heads_move_on_their_own(page, case):
    first, second = case("binary"), case("multiclass", seed=1)
    page.open(several({"sick & <tired>": first.report, "species": second.report}))
    page.set("h0-threshold", 10)
    assert page.matrix(1) == counted(second.y, second.decided, 4)
    page.set("h1-bound", 50)
    bound = page.data(1)["bounds"][49]
    assert page.matrix(1) == counted(second.y, second.decide(reject_below=bound), 4)
    heads = changes_of(page, 0)["heads"]
    assert page.matrix() == counted(first.y, first.decide(**heads["sick & <tired>"]), 2)


def test_buttons_find_the_best_place_and_the_way_back(page, case):
    made = case("binary", threshold=0.9)
    page.open(made.report)
    cuts = page.data()["questions"][0]["cuts"]
    page.click("h0-best")
    best = max(f1_of(made.y, made.decide(threshold=cut)) for cut in cuts)
    assert page.text("h0-f1") == shown(best)
    page.set("h0-fn", 8)
    page.click("h0-cheapest")
    costs = [cost_of(made.y, made.decide(threshold=cut), 8) for cut in cuts]
    assert int(page.text("h0-cost").replace(",", "")) == min(costs)
    page.click("h0-reset")
    assert page.matrix() == counted(made.y, made.decided, 2)


def f1_of(y, decided):
    return precision_recall_fscore_support(y, decided, labels=[1], zero_division=0)[2][
        0
    ]


def cost_of(y, decided, price):
    (_, fp), (fn, _) = confusion_matrix(y, decided, labels=[0, 1])
    return fp + price * fn


def test_keys_move_a_slider_and_are_told(page, case):
    made = case("binary", threshold=0.5)
    page.open(made.report)
    cuts = page.data()["questions"][0]["cuts"]
    slider = page.driver.find_element(By.ID, "h0-threshold")
    slider.send_keys(Keys.ARROW_RIGHT)
    after = cuts[cuts.index(0.5) + 1]
    assert slider.get_attribute("aria-valuetext") == f"{after:.6g}"
    assert page.matrix() == counted(made.y, made.decide(threshold=after), 2)
    deadline = time.monotonic() + 5
    while not page.text("h0-status") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert page.text("h0-status").startswith(f"Threshold {after}. Reject below none.")


def test_the_line_can_be_copied(page, case):
    page.open(case("binary").report)
    page.click("h0-copy")
    selected = page.run("return getSelection().toString()")
    assert selected.startswith("labeled.with_decoding(threshold=0.5")
    deadline = time.monotonic() + 5
    while page.text("h0-copy") == "Copy" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert page.text("h0-copy") in ("Copied", "Selected")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_axe_finds_no_violation(page, case, task, width, dark):
    made = case(task, reject_below=0.6)
    made.said["plain"] = made.p
    page.open(made.report, width, dark)
    assert page.violations() == []
    assert page.run("return document.documentElement.scrollWidth") <= width


def test_axe_would_find_one(page, case):
    page.open(case("binary").report)
    page.run("document.getElementById('h0-bound').removeAttribute('id')")
    assert page.violations()


def test_the_page_may_connect_to_nothing(page, case):
    page.open(case("binary").report)
    ask = "fetch('http://127.0.0.1:9/').catch(e => 0).then(arguments[0])"
    assert page.driver.execute_async_script(ask) == 0
    complaints = [one["message"] for one in page.console()]
    assert any("Content Security Policy" in one for one in complaints)
    assert "file://" in page.requests()[0]


def test_theme_follows_the_system_and_the_button(page, case):
    page.open(case("binary").report, dark=True)
    color = "return getComputedStyle(document.body).backgroundColor"
    dark = page.run(color)
    page.click("theme")
    assert page.run(color) != dark


def test_paper_is_light_and_holds_the_numbers(page, case):
    page.open(case("binary").report, dark=True)
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert page.run("return document.documentElement.dataset.theme") == "light"
    page.run("dispatchEvent(new Event('afterprint'))")
    assert page.run("return document.documentElement.dataset.theme") == "dark"
    pdf = page.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(pdf["data"]) > 20_000


def test_a_notebook_shows_the_page_in_a_frame(page, case, tmp_path):
    made = case("multiclass")
    frame = made.report._repr_html_()
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><title>n</title>{frame}", encoding="utf-8")
    page.driver.get(path.as_uri())
    page.driver.switch_to.frame(0)
    assert page.matrix() == counted(made.y, made.decided, 4)
    page.driver.switch_to.default_content()


def test_fifty_thousand_rows_are_there_in_two_seconds(page, case, tmp_path):
    names = [f"class number {k}" for k in range(10)]
    made = case("multiclass", rows=50_000, classes=10, class_names=names).report
    path = made.save_html(tmp_path / "large.html")
    assert path.stat().st_size < 3_000_000
    start = time.monotonic()
    page.driver.get(path.as_uri())
    assert page.run("return document.documentElement.dataset.ready") == "true"
    page.set("h0-bound", 30)
    assert time.monotonic() - start < 2
