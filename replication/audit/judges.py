"""How a setting is judged where more than one value has to be compared, behind `rules`.

Published values come from data/paper; what stands here are readings of its statements.
"""

from __future__ import annotations

from replication.audit.opinions import NO_EVIDENCE, Case, Judge, Opinion, shown
from replication.settings import Classifier, Combined


def input_field(case: Case) -> Opinion:
    """The field of the network's own table, p. 7."""
    field, prepared = case.network().field, case.settings.prepare.field
    published = case.published
    ours = f"{field}x{field}" + ("" if prepared == field else f", summarised as {prepared}")
    if field == prepared == published:
        return Opinion(ours, "faithful", "28x28 images in the middle of the field")
    return Opinion(ours, "departs", f"the paper has {shown(published)}")


def connections(case: Case) -> Opinion:
    """Table I, p. 8."""
    tables = [layer.table for layer in case.network().layers if layer.name == "C3"]
    same = tables == [case.paper.connection_table]
    reason = "equal to data/paper/table1_c3_connections.csv, row by row"
    return Opinion(
        f"{case.recipe.network}: {sum(map(len, tables[0])) if tables else 0} pairs of maps",
        "faithful" if same else "departs",
        reason if same else "not the connections of Table I",
    )


def codes(case: Case) -> Opinion:
    """The codes of Figure 3, p. 8."""
    ours, printed = case.network().codes, case.paper.digit_codes
    same = ours.shape == printed.shape and bool((ours == printed).all())
    reason = "equal to data/paper/figure3_rbf_codes.txt, pixel by pixel; not trained"
    shape = "x".join(map(str, ours.shape)) if ours.size else "none"
    return Opinion(
        f"fixed codes: {shape}",
        "faithful" if same else "departs",
        reason if same else "not the codes of Figure 3",
    )


def database(name: str, reading: str) -> Judge:
    """A version of the database besides the regular one, p. 10; ``reading`` is how ours is made."""

    def judge(case: Case) -> Opinion:
        if name not in case.settings.prepare.databases:
            return Opinion("not made", "departs", f"prepare.databases does not name {name}")
        users = [key for key, one in case.settings.experiments.items() if one.database == name]
        used = f"used by {', '.join(users)}" if users else "prepared; no experiment uses it"
        return Opinion(used, "unstated", reading)

    return judge


def criterion(name: str, equation: int) -> Judge:
    """Equation 8 or 9, p. 9."""

    def judge(case: Case) -> Opinion:
        value = case.recipe.criterion.name
        if value not in ("mle", "map") and case.recipe.network != "lenet5":
            reason = "equations 8 and 9 need RBF outputs, which this network has not"
            return Opinion(value, "unstated", reason)
        if value not in ("mle", "map"):
            return Opinion(value, "departs", "neither equation 8 nor equation 9")
        ours = f"{value}: equation {equation} is {'minimised' if value == name else 'not used'}"
        return Opinion(
            ours,
            "unstated",
            "the paper does not say which of equations 8 and 9 trained the reported network; "
            "results/readings.csv sets both beside Figure 5",
        )

    return judge


def patterns(case: Case) -> Opinion:
    """The whole training set, p. 10, or a size of Figure 6."""
    value = case.recipe.training_patterns
    if value == case.paper.claims["data.train"].value:
        return Opinion(shown(value), "faithful", "as printed")
    if value in set(case.paper.training_set_size["training_patterns"]):
        return Opinion(shown(value), "faithful", "a size of Figure 6; the first of the set")
    return Opinion(shown(value), "departs", "neither the whole set nor a size of Figure 6")


def length(case: Case) -> Opinion:
    """What a pass shows, p. 10."""
    shows, available = case.recipe.presentations_per_pass, case.recipe.training_patterns
    whole = available == case.paper.claims["data.train"].value
    if not whole and available in set(case.paper.training_set_size["training_patterns"]):
        reason = "for how many passes Figure 6's smaller sets were trained is not said"
        return Opinion(shown(shows), "unstated", reason)
    if shows == available:
        return Opinion(shown(shows), "faithful", "each training pattern once a pass")
    return Opinion(shown(shows), "departs", f"not each of the {available} patterns once a pass")


def regular(case: Case) -> Opinion:
    """The version that LeNet-5 is trained on."""
    name = case.recipe.database
    if name == "regular" or case.recipe.network != "lenet5":
        return Opinion(name, "faithful", "a version of Section III-A")
    return Opinion(name, "departs", "the paper trains LeNet-5 on the regular version")


def distorted(case: Case) -> Opinion:
    """The numbers of p. 11."""
    recipe = case.recipe
    if not recipe.distorted:
        return Opinion("none", "faithful", "no distortions, as for the regular database")
    stated = case.paper.claims["lenet5.distorted-training-set"].numbers
    published = [stated[key] for key in ("originals", "distorted", "passes", "presentations")]
    originals = recipe.training_patterns
    ours = [
        originals,
        originals * recipe.distortions.copies,
        recipe.passes,
        recipe.presentations_per_pass,
    ]
    text = "{} originals and {} distorted, {} passes of {}".format(*ours)
    if ours == published:
        return Opinion(text, "faithful", "as printed; the kinds of distortion too")
    return Opinion(text, "departs", f"the paper has {shown(published)}")


def noise(case: Case) -> Opinion:
    """The share of inverted pixels, p. 16."""
    published = case.published
    for name, one in case.settings.experiments.items():
        if isinstance(one, Combined) and one.system == "noisy":
            share = one.options.get("inverted")
            faithful = share == published
            return Opinion(
                f"{name}: {shown(share)} of the pixels",
                "faithful" if faithful else "departs",
                "as printed; the noise is drawn anew for each version of a pattern"
                if faithful
                else f"the paper has {shown(published)}",
            )
    return Opinion("not made", "departs", "no experiment trains with noise")


def neighbours(case: Case) -> Opinion:
    """How many neighbours vote for the deslanted images, p. 12."""
    name = case.settings.compare.systems.get("knn-euclidean/deslanted", "")
    one = case.settings.experiments.get(name)
    if not isinstance(one, Classifier):
        return Opinion("not made", "departs", "no experiment stands for K-NN on deslanted images")
    ours, published = one.options.get("neighbours"), case.published
    faithful = ours == published
    reason = "as printed" if faithful else f"the paper has {shown(published)}"
    return Opinion(f"{name}: {shown(ours)}", "faithful" if faithful else "departs", reason)


def boosting(case: Case) -> Opinion:
    """Three networks and how the later ones are taught, pp. 13-14."""
    for name, one in case.settings.experiments.items():
        if isinstance(one, Combined) and one.system == "boosted":
            return Opinion(
                f"{name}: three networks {one.network}",
                "unstated",
                f"{NO_EVIDENCE}; replication/systems/boosted.py filters as stated and adds the "
                "outputs, and how many patterns it filters is ours",
            )
    return Opinion("not made", "departs", "no experiment boosts")
