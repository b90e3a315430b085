"""Models drawn at random are told rightly or asked about; see `make fuzz`."""

import pytest
from random_models import judged

SEEDS = range(0, 60, 6)


@pytest.mark.parametrize("first", SEEDS)
def test_random_model_is_told_rightly_or_asked_about(first):
    verdicts = [judged(seed) for seed in range(first, first + 6)]
    assert [one for one in verdicts if one.startswith("wrong")] == []


def test_most_random_models_are_told():
    told = [judged(seed) for seed in range(60)]
    assert told.count("right") > 2 * told.count("refused")
    assert "rightly refused" in told
