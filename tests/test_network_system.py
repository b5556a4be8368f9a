"""A network as a system: what its last pass leaves."""

import pytest
from fitting import answers_by, check_against_scores, fit, recipe_of, same_bytes

from replication.core.learning.engine import Engine


@pytest.fixture
def classified(monkeypatch):
    """How many images each classification was of."""
    sizes = []
    penalties = Engine.penalties

    def counted(self, parameters, images):
        sizes.append(len(images))
        return penalties(self, parameters, images)

    monkeypatch.setattr(Engine, "penalties", counted)
    return sizes


def test_the_test_patterns_are_classified_once_a_pass(paper, tiny, tmp_path, classified):
    fitted = fit(paper, tiny, tmp_path, "network")
    assert classified == [100, 100]
    wrong = int((fitted.answers.classes != tiny.test_labels).sum())
    assert fitted.history["test_misses"].iloc[-1] == wrong
    answer = answers_by(recipe_of("network"), fitted.weights["parameters"])
    check_against_scores(fitted.answers, -answer(tiny.test_images))


def test_interrupted_after_its_last_pass_it_gives_the_same_answers(
    paper, tiny, tmp_path, classified
):
    fitted = fit(paper, tiny, tmp_path, "network")
    del classified[:]
    same_bytes(fit(paper, tiny, tmp_path, "network"), fitted)
    assert classified == [100]
