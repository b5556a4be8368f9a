import re
import shutil
from typing import get_args

import numpy as np
import pytest

from replication.comparison import paper as paper_module
from replication.comparison.paper.claims import Kind
from replication.errors import ReplicationError


@pytest.fixture
def folder(repository, tmp_path):
    """A copy of data/paper for a test to damage."""
    return shutil.copytree(repository / "data" / "paper", tmp_path / "paper")


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))


def test_every_claim_is_of_a_known_kind_and_page(paper):
    assert {claim.kind for claim in paper.claims.values()} == set(get_args(Kind))
    assert len(paper.claims) == 90
    assert len(paper.contradictions) == 8


def test_numbers_that_stand_in_a_statement_are_those_of_its_fields(paper):
    """The words are for people; whoever edits one has to edit the other."""
    for stated in (*paper.claims.values(), *paper.contradictions.values()):
        for value in stated.numbers.values():
            for number in value if isinstance(value, tuple) else (value,):
                words = stated.statement.replace(",", "")
                assert re.search(rf"(?<![\d.]){number}(?!\d)", words), stated.id


def test_the_qualifiers_are_the_papers_words(paper):
    for claim in paper.claims.values():
        if claim.kind != "setting":
            approximate = any(
                word in claim.statement for word in ("about", "roughly", "are estimates")
            )
            assert claim.about == approximate, claim.id


def test_table_one_has_60_connections_and_gives_the_published_parameters(paper):
    connections = sum(len(row) for row in paper.connection_table)
    assert connections == 60
    parameters = connections * 25 + len(paper.connection_table)
    assert parameters == paper.claims["lenet5.c3.parameters"].value


def test_codes_are_plus_and_minus_one_and_all_digits_differ(paper):
    assert paper.codes.shape == (95, 84)
    assert set(np.unique(paper.codes)) == {-1, 1}
    assert paper.digit_codes.shape == (10, 84)
    assert len(np.unique(paper.digit_codes, axis=0)) == 10


def test_code_of_the_space_is_blank_and_of_one_is_not(paper):
    assert (paper.codes[0] == -1).all()
    assert (paper.digit_codes[1] == 1).any()


def test_figure_5_has_21_points_that_end_at_the_published_error(paper):
    assert list(paper.learning_curves["pass"]) == list(range(1, 22))
    last = paper.learning_curves["test_error_percent"].iloc[-1]
    published = paper.claims["lenet5.test-error"]
    assert last == pytest.approx(published.value, abs=0.03)


def test_figure_8_has_82_misclassified_patterns_none_answered_right(paper):
    assert len(paper.misclassified) == 82
    assert (paper.misclassified["label"] != paper.misclassified["predicted"]).all()


def test_labels_of_figure_8_are_those_of_the_test_set(paper, regular):
    indices = paper.misclassified["test_index"].to_numpy()
    labels = paper.misclassified["label"].to_numpy()
    np.testing.assert_array_equal(regular.test_labels[indices], labels)


def test_figures_9_to_12_list_27_systems(paper):
    assert len(paper.systems) == 27
    assert not paper.systems.duplicated(["system", "database"]).any()


def test_figures_6_and_7_have_their_points(paper):
    assert list(paper.training_set_size["distorted_training"]) == [False, False, False, True]
    assert len(paper.distortions) == 100


def test_schedule_has_a_rate_for_each_of_the_passes(paper):
    rates = paper.claims["training.schedule"].value
    assert len(rates) == paper.claims["training.passes"].value
    assert all(isinstance(rate, float) for rate in rates)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("claims.yaml", "kind: count, page: 7", "kind: guess, page: 7", "entry 1 of `architect"),
        ("claims.yaml", "kind: count", "kind: guess", r"lenet5\.layers\) has a `kind`.*'guess'"),
        ("claims.yaml", "page: 7, ", "", r"lenet5\.layers\) lacks `page`"),
        ("claims.yaml", "page: 7", "page: seven", "has a `page`.*'seven'"),
        ("claims.yaml", "value: 7,", "worth: 7,", "unknown key `worth`"),
        ("claims.yaml", "value: 7, ", "", "count without a value"),
        ("claims.yaml", "arithmetic}", "arithmetic", r"claims\.yaml is not YAML \(line \d+"),
        ("claims.yaml", "id: lenet5.input", "id: lenet5.layers", "repeats an id"),
        ("claims.yaml", "see: table1_c3", "see: table2_c3", "refers to table2_c3"),
        ("claims.yaml", "pages: [6, 7], ", "", "lacks `pages`"),
        ("claims.yaml", ", role: arithmetic}", "}", "needs a role"),
        ("claims.yaml", "LeNet-5 has", "LeNet-5\0has", r"claims\.yaml is not YAML"),
        ("settings.yaml", "id: sdlm.mu", "id: sdlm.nu", r"sdlm\.nu\) names no claim"),
        ("settings.yaml", "other:", "others:", "has a `heading` that cannot be"),
        ("settings.yaml", "printed: sdlm", "print: sdlm", "unknown key `print`"),
        ("settings.yaml", "[departs, not Table I]", "[wrong, not Table I]", "c3.table.*'wrong'"),
        ("settings.yaml", "base.seed, keys: [base.seed]", "base.seed", "no key of params"),
        ("settings.yaml", "id: base.seed", "id: base.streams", "repeats an id"),
        (
            "settings.yaml",
            "otherwise: [unstated, any",
            "any: [unstated, any",
            "lacks what `otherwise`",
        ),
        ("table1_c3_connections.csv", "s2_maps", "maps", "line 2, s2_maps: field required"),
        ("table1_c3_connections.csv", "\n3,", "\n4,", "not have the C3 maps in their order"),
        ("table1_c3_connections.csv", "0 1 2\n", "0 1 1\n", "line 2, s2_maps"),
        ("figure5_learning_curves.csv", "4.89", "high", "line 2, training_error"),
        ("figure5_learning_curves.csv", ",2.65", "", "line 2, test_error_percent"),
        ("figure8_misclassified.csv", "test_index", "index", "line 2, test_index"),
        ("figure6_training_set_size.csv", ",no", ",maybe", "line 2, distorted_training"),
        ("figure3_rbf_codes.txt", "\n.......", "", "code 32 next"),
        ("figure3_rbf_codes.txt", "\n.......", "\n......", "code 32 next"),
        ("figure3_rbf_codes.txt", "code 33", "code 34", "code 33 next"),
    ],
)
def test_damaged_table_is_named_with_its_place(folder, file, old, new, message):
    edit(folder / file, old, new)
    with pytest.raises(ReplicationError, match=message) as caught:
        paper_module.load(folder)
    assert str(folder / file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_claim_of_the_kind_setting_without_an_entry_is_refused(folder):
    edit(folder / "settings.yaml", "  - {id: input.foreground, keys: [prepare.foreground]}\n", "")
    with pytest.raises(ReplicationError, match=r"settings\.yaml lacks the claim input\.foreground"):
        paper_module.load(folder)


def test_missing_table_is_named(folder):
    (folder / "figures9_to_12_systems.csv").unlink()
    with pytest.raises(ReplicationError, match=r"figures9_to_12_systems\.csv"):
        paper_module.load(folder)


def test_codes_that_stop_early_are_refused(folder):
    path = folder / "figure3_rbf_codes.txt"
    text = path.read_text()
    path.write_text(text[: text.index("code 126")])
    with pytest.raises(ReplicationError, match=r"\b126\b"):
        paper_module.load(folder)


def test_table_without_rows_is_refused(folder):
    path = folder / "figure7_distortions.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(ReplicationError, match="has no rows"):
        paper_module.load(folder)
