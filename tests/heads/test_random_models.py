"""Models drawn at random are told rightly or asked about; see `make fuzz`."""

import pytest
from random_models import judged


@pytest.fixture(scope="module")
def verdicts():
    return [judged(seed) for seed in range(60)]


def test_random_models_are_told_rightly_or_asked_about(verdicts):
    assert [one for one in verdicts if one.startswith("wrong")] == []


def test_most_random_models_that_can_be_told_are_told(verdicts):
    assert verdicts.count("right") > verdicts.count("refused") > 0
    assert "rightly refused" in verdicts
