import re
import shutil
from typing import get_args

import numpy as np
import pytest
from small import refused

from replication.comparison import paper as paper_module
from replication.comparison.paper.claims import Kind


@pytest.fixture
def folder(repository, tmp_path):
    """A copy of data/paper for a test to damage."""
    return shutil.copytree(repository / "data" / "paper", tmp_path / "paper")


def test_every_claim_is_of_a_known_kind_and_page(paper):
    assert {claim.kind for claim in paper.claims.values()} == set(get_args(Kind))
    assert len(paper.claims) == 93
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
                word in claim.statement for word in ("about", "roughly", "nearly", "are estimates")
            )
            assert claim.about == approximate, claim.id


def test_table_one_has_60_connections_and_gives_the_published_parameters(paper):
    connections = sum(len(row) for row in paper.connection_table)
    assert connections == 60
    parameters = connections * 25 + len(paper.connection_table)
    assert parameters == paper.claims["lenet5.c3.parameters"].value


def test_figure_5_has_21_points_that_end_at_the_published_error(paper):
    assert list(paper.learning_curves["pass"]) == list(range(1, 22))
    last = paper.learning_curves["test_error_percent"].iloc[-1]
    published = paper.claims["lenet5.test-error"]
    assert last == pytest.approx(published.value, abs=0.03)


def test_codes_and_figures_have_what_is_printed(paper, regular):
    assert (paper.codes.shape, paper.digit_codes.shape) == ((95, 84), (10, 84))
    assert set(np.unique(paper.codes)) == {-1, 1}
    assert len(np.unique(paper.digit_codes, axis=0)) == 10
    assert (paper.codes[0] == -1).all()  # the space is blank
    missed = paper.misclassified
    assert len(missed) == 82
    assert (missed["label"] != missed["predicted"]).all()
    np.testing.assert_array_equal(regular.test_labels[missed["test_index"]], missed["label"])
    assert len(paper.systems) == 27
    assert not paper.systems.duplicated(["system", "database"]).any()
    assert list(paper.training_set_size["distorted_training"]) == [False, False, False, True]
    assert len(paper.distortions) == 100


def test_schedule_has_a_rate_for_each_of_the_passes(paper):
    rates = paper.claims["training.schedule"].value
    assert len(rates) == paper.claims["training.passes"].value
    assert all(isinstance(rate, float) for rate in rates)


DAMAGES = {
    "claims.yaml": [
        ("kind: count, page: 7", "kind: guess, page: 7", ("entry 1",)),
        ("kind: count", "kind: guess", ("lenet5.layers", "`kind`", "'guess'")),
        ("page: 7, ", "", ("lenet5.layers", "`page`")),
        ("page: 7", "page: seven", ("`page`", "'seven'")),
        ("value: 7,", "worth: 7,", ("`worth`",)), ("value: 7, ", "", ("value",)),
        ("arithmetic}", "arithmetic", ("line ",)),
        ("id: lenet5.input", "id: lenet5.layers", ("lenet5.layers",)),
        ("see: table1_c3", "see: table2_c3", ("table2_c3",)),
        ("pages: [6, 7], ", "", ("`pages`",)), (", role: arithmetic}", "}", ("role",)),
        ("LeNet-5 has", "LeNet-5\0has", ("YAML",)),
    ],
    "settings.yaml": [
        ("id: sdlm.mu", "id: sdlm.nu", ("sdlm.nu",)), ("other:", "others:", ("`heading`",)),
        ("printed: sdlm", "print: sdlm", ("`print`",)),
        ("[departs, not Table I]", "[wrong, not Table I]", ("c3.table", "'wrong'")),
        ("base.seed, keys: [base.seed]", "base.seed", ("base.seed",)),
        ("id: base.seed", "id: base.streams", ("base.streams",)),
        ("otherwise: [unstated, any", "any: [unstated, any", ("`otherwise`",)),
        ("  - {id: input.foreground, keys: [base.inputs.foreground]}\n", "", ("input.foreground",)),
    ],
    "table1_c3_connections.csv": [
        ("s2_maps", "maps", ("line 2, s2_maps",)), ("\n3,", "\n4,", ("C3 maps",)),
        ("0 1 2\n", "0 1 1\n", ("line 2, s2_maps",)),
    ],
    "figure5_learning_curves.csv": [
        ("4.89", "high", ("line 2, training_error",)), (",2.65", "", ("line 2, test_error",)),
    ],
    "figure8_misclassified.csv": [("test_index", "index", ("line 2, test_index",))],
    "figure6_training_set_size.csv": [(",no", ",maybe", ("line 2, distorted_training",))],
    "figure3_rbf_codes.txt": [
        ("\n.......", "", ("code 32",)), ("\n.......", "\n......", ("code 32",)),
        ("code 33", "code 34", ("code 33",)), ("code 126", "", ("126",)),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("file", "damage"), [(f, d) for f in DAMAGES for d in DAMAGES[f]])
def test_damaged_file_is_named_with_its_place(folder, file, damage):
    old, new, named = damage
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with refused(str(folder / file), *named):
        paper_module.load(folder)


@pytest.mark.parametrize("without", ["rows", "the file"])
def test_table_without_rows_or_missing_is_named(folder, without):
    path = folder / "figure7_distortions.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    if without == "the file":
        path.unlink()
    with refused(path.name):
        paper_module.load(folder)
