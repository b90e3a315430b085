"""Reports on made data, and a real browser to look at their pages."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_labels import Decoding
from keras_labels.functional import decode
from keras_labels.reports import report
from keras_labels.spec import Head

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
CLASSES = ["ant", "bee", "cat", "dog"]


def decide(p, rule, **changes):
    """Decide on probabilities: the oracle of every number on a page."""
    rule = rule.replace(**changes)
    scores = p[:, 1:] if rule.head.task == "binary" else p
    made = decode(scores, rule, ["classes"])["classes"]
    return np.asarray(keras.ops.convert_to_numpy(made))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Case:
    """Truth, probabilities and a rule, with their report."""

    def __init__(self, task, rows=600, classes=4, seed=0, digits=None, **rule):
        rng = np.random.default_rng(seed)
        names = rule.pop("class_names", CLASSES[:classes])
        said = {k: rule.pop(k) for k in list(rule) if k in ("plain", "costs", "title")}
        if task == "multiclass":
            self.y = rng.integers(0, classes, rows)
            z = rng.normal(size=(rows, classes)) + 1.5 * np.eye(classes)[self.y]
            p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        else:
            columns = 1 if task == "binary" else classes
            self.y = rng.random((rows, columns)) < 0.35
            p = sigmoid(1.5 * rng.normal(size=(rows, columns)) + 2 * self.y - 1)
        if digits is not None:  # many probabilities lie on a cut
            p = np.round(p, digits)
        if task == "binary":
            self.y = self.y[:, 0].astype(int)
            names = names and names[:2]
        p = p.astype("float32")
        self.p = np.concatenate([1 - p, p], axis=1) if task == "binary" else p
        head = Head(task, 1 if task == "binary" else classes, from_logits=False)
        self.rule = Decoding(head, class_names=names, **rule)
        self.decided = decide(self.p, self.rule)
        self.said = said

    @property
    def report(self):
        return report(self.y, self.p, self.decided, self.rule, **self.said)

    def decide(self, **changes):
        return decide(self.p, self.rule, **changes)


@pytest.fixture(scope="session")
def case():
    """Make a case of a task."""
    return Case


class Page:
    """A report's page in the browser."""

    def __init__(self, driver, folder):
        self.driver = driver
        self.folder = folder

    def open(self, made, width=1280, dark=False):
        path = made.save_html(self.folder / "report.html")
        self.look(width, dark)
        self.driver.get(path.as_uri())
        assert self.run("return document.documentElement.dataset.ready") == "true"
        return self

    def look(self, width, dark):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        command = self.driver.execute_cdp_cmd
        command("Emulation.setDeviceMetricsOverride", size)
        command("Emulation.setEmulatedMedia", {"features": [theme]})

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    def data(self, head=0):
        text = self.run("return document.getElementById('data').textContent")
        return json.loads(text)["heads"][head]

    def text(self, name):
        return self.run(f"return document.getElementById('{name}').textContent")

    def set(self, name, value):
        """Move a slider, or write a number, as a person's hand does."""
        self.run(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change'))",
            name,
            value,
        )

    def click(self, name):
        self.driver.find_element("id", name).click()

    def matrix(self, head=0, kind=int):
        """Return the counts of the confusion matrix, the last column rejected."""
        cells = self.run(
            f"return [...document.querySelectorAll('#h{head}-matrix tbody tr')]"
            ".map(r => [...r.querySelectorAll('td')].map(c => c.textContent))"
        )
        return [[kind(cell.replace(",", "")) for cell in row] for row in cells]

    def last_column(self, table):
        """Return the numbers at the end of each row of a table."""
        cells = self.run(
            f"return [...document.querySelectorAll('#{table} tbody tr')]"
            ".map(r => r.lastElementChild.textContent)"
        )
        return [int(cell.replace(",", "")) for cell in cells]

    def console(self):
        return self.driver.get_log("browser")

    def requests(self):
        """Return the addresses that were asked for since the last look."""
        events = [json.loads(e["message"])["message"] for e in self.performance()]
        wanted = "Network.requestWillBeSent"
        return [e["params"]["request"]["url"] for e in events if e["method"] == wanted]

    def performance(self):
        return self.driver.get_log("performance")

    def violations(self):
        self.run(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "axe.run().then(arguments[0], e => arguments[0]({violations: [String(e)]}))"
        )
        return [
            (one["id"], [node["html"][:200] for node in one["nodes"]])
            for one in found["violations"]
        ]


@pytest.fixture(scope="module")
def driver():
    """A headless Chromium that asks no network for itself."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("needs a browser: apt-get install -y chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage"):
        options.add_argument(f"--{argument}")
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    service = webdriver.ChromeService(chromedriver)
    made = webdriver.Chrome(options=options, service=service)
    yield made
    made.quit()


@pytest.fixture
def page(driver, tmp_path):
    """Open reports; afterwards nothing was complained of, and nothing asked for."""
    shown = Page(driver, tmp_path)
    driver.get("about:blank")
    shown.console(), shown.requests()
    yield shown
    assert shown.console() == []
    assert all(url.startswith(("file://", "about:")) for url in shown.requests())
