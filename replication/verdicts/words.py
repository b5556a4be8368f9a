"""What verdicts say: texts with gaps, which are filled with their numbers when they are shown.

A gap is ``{name}`` or ``{name:format}``. Without a format a number that is not whole has four
significant digits, and several are listed. ``{name:this|that}`` is this where the number is above
0, or true, and that elsewhere. For numbers by name the format is the text of each, with ``<name>``
and ``<value>`` as its gaps, and behind ``|`` what stands between them.

The texts of a study stand in its own folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any, NamedTuple


class Words(NamedTuple):
    """The two texts of a verdict: what ours is, and why the verdict is what it is."""

    ours: str
    reason: str


class _Filling(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        first, _, second = format_spec.partition("|")
        if isinstance(value, Mapping):
            each = first.replace("<", "{").replace(">", "}")
            return second.join(self.format(each, name=n, value=v) for n, v in value.items())
        if isinstance(value, list):
            return ", ".join(self.format_field(one, format_spec) for one in value)
        if second:
            return first if value > 0 else second
        return format(value, format_spec or (".4g" if isinstance(value, float) else ""))


def filled(text: str, numbers: Mapping[str, Any]) -> str:
    """The text with its numbers; KeyError for a gap that none of them fills."""
    return _Filling().vformat(text, (), numbers).strip()


MISSING = Words("", "{what}")

# On numbers that came out of one run (`rule`).
TOO_FEW = Words("{each} {unit}", "{replicates} replicate(s) where the rule asks for {needed}")
PERCENT = "{mean} % (sd {sd})"
_ONE_MORE = "{low} to {high}, where one more run falls"
EQUIVALENT = "equivalence is shown: the mean is within {margin:g} points of {published:g}"
OUTSIDE = f"ours is {{above:higher|lower}}: the published {{published:g}} lies outside {_ONE_MORE}"
_LIES_IN = f"{{published:g}}, with its rounding, lies in {_ONE_MORE}"
INSIDE = f"{_LIES_IN}, and the paper's next number mostly would not"
TOO_WIDE = f"{_LIES_IN}, but the paper's next number would too, too often"
SEEDS_VARY = " (seeds vary)"
EXACT = (
    "nothing is random and ours is {gap:higher|lower} by {distance} points, where {allowed} are "
    "allowed ({source}, and the rounding)"
)
EXACT_TOO_WIDE = ", which would not tell the paper's next number apart"
EXACT_UNCERTAIN = " and the authors' uncertainty is {uncertainty:g}"
MEAN = ": the interval of the mean, {low} to {high}, {where} what is claimed, "
WHERE = {
    "reproduced": "lies within", "differs": "lies outside", "inconclusive": "does not settle",
}  # fmt: skip
# By whether the claimed range has no lower or no upper end.
CLAIMED = {
    (True, False): "at most {claimed[1]} {unit}",
    (False, True): "at least {claimed[0]} {unit}",
    (False, False): "{claimed[0]} to {claimed[1]} {unit}",
}

# On architectures.
EQUAL = Words("{mean:d}", "equal, counted from the table of layers")
UNEQUAL = Words("{mean:d}", "ours is {gap:+d}, counted from the table of layers")
ROUNDED = Words("{mean:.6g}", "within the rounding of the published number, {half:g}")
NOT_ROUNDED = Words(
    "{mean:.6g}",
    "ours is {gap:higher|lower} by {distance}, more than the rounding of the published number, "
    "{half:g}",
)
CONVOLUTIONAL = Words(
    "{usual}x{usual} at {field}x{field}, {grown}x{grown} at {larger}x{larger}",
    "from the table of layers: the same convolution applied to a larger input",
)

# On the data.
INPUT = Words(
    "{mean}",
    "ours is {gap:higher|lower}, and roughly allows {tolerance:g} either way; without the margin "
    "around the images it is {image}",
)
AS_MANY = Words("{mean:d}", "equal")
NOT_AS_MANY = Words("{mean:d}", "ours is {gap:+d}")
ASPECT = Words(
    "{longer:.1f} % fill the box one way, {shorter:.1f} % both ways",
    "by the extent of the ink of the test images, in which smoothing may blur an edge",
)
CENTRED = Words(
    "{average} pixels off on average, {largest} at most",
    "{within:every image is centred to a pixel in each direction (digits move by whole pixels)|"
    "some images are more than a pixel off in a direction}",
)

# On training.
FIXED_POINTS = Words(
    "f(1) = {at_one:.6f}, f(-1) = -{at_one:.6f}",
    "off by {off:.1g}, {close:nothing to the digits of A|more than rounding}",
)
CURVATURE = Words(
    "largest at +-{place:.4f}", "{close:1 to the digit printed; exactly there it is not|not at 1}"
)
NEXT_TO_NOTHING = Words(
    "{mean} % of a pass",
    "up to {limit:g} % counts as next to nothing, timed on one machine",
)
_HARDWARE = ": a fact about hardware, not about the method"
TIME_WITHIN = Words("{mean} seconds", f"ours is within the published range{_HARDWARE}")
TIME_OUTSIDE = Words(
    "{mean} seconds",
    f"ours is {{faster:faster|slower}}, by a factor of {{factor}} at least{_HARDWARE}",
)

# On curves.
CURVE = Words(
    "{mean} points, root mean square",
    "one more of our curves is less than {high} points from the mean of the others (seeds vary), "
    "and 1998's is farthest in pass {farthest}, where ours is {gap:higher|lower} by {distance}",
)
BEST = Words(
    "{mean} %",
    "the best of {runs} more runs falls in {low} to {high} (seeds vary), and {published:g} "
    "{inside:too|does not}",
)
SETTLED = "settled from pass {ours}"
FARTHEST_PASS = (
    "pass {farthest}, of those from {first} on the farthest from the final one (by the same rule "
    "the mean of ours is settled from pass {ours} and Figure 5's curve from {theirs})"
)
RISE = "the rise from pass {best}, where the mean is least, to the final pass"
OVERLAP = Words(
    "{mean} of the {missed}",
    "{what} is {place} on average for 1998 with ours, where one more of ours has {least} to "
    "{most} (seeds vary), and those of {other} {foreign}",
)
NOT_RUN = "have not been run"

# On systems and effects.
LINEAR = "{share:.2g} % of it, two sd of ours of the linear classifier, {runs} runs"
BINOMIAL = "binomial, {patterns} patterns"
ORDERING = Words(
    "tau = {mean:.2f}",
    "of {pairs} pairs of systems {turned} are turned round, where Figure 9 moved by its own "
    "uncertainty keeps tau above {low:.2f}",
)
BOOSTED = Words(
    "boosted {first} %, {rival} {second} %",
    "of the figure's {systems} systems{missing:, of which some have not been run,| that are} "
    "clearly better (Welch, seeds vary): {better}",
)
ON_LENET4 = "paired by the LeNet-4 underneath"
FALL = Words(
    "{mean:+.3g} points",
    "the mean falls by {low} to {high} points (Welch's interval, seeds vary), and between one more "
    "run of each the fall is in {least} to {most}",
)
FROM_SOLVED = "the change from the solved system's {solved} %"
TIMES = Words(
    "{mean} times",
    "about allows {allowed} either way, and Figure 11's own numbers give {theirs}",
)
HALVES = (
    "the error on the half from SD-1 less that on the half from SD-3 (1998's, with distortions, "
    "missed {first} and {second})"
)
WITHIN_AN_HOUR = Words(
    "{within} of {systems} within an hour", "by timing.json of the runs, on hardware of today"
)

# On the paper's contradictions.
OPERATIONS = Words(
    "{mean:.0f} connections",
    "{text:this|neither} is what the layers give; connections and parameters together make "
    "{together}, which {near:is|is not} Figure 11's {figure:g} thousand",
)
TANGENT_MEMORY = Words(
    "{mean:g} thousand",
    "the images alone have {mean:g} thousand pixels, where {patterns} x (20 x 20 + {side}) makes "
    "{other:g} thousand, which rounds to the figure's {figure:g}",
)
VARIANCE = Words(
    "{possible:either|not the variance}",
    "no data between {lowest:g} and {highest:g} have a variance above {mean}, and with the mean "
    "{given_mean:g} none above {then}",
)
PASSES = Words(
    "{reading}",
    "distance of Figure 5's points to ours, root mean square: {same} points at pass k, {before} at "
    "pass k - 1; pass k is closer for {closer} of {replicates} replicates",
)
PASS_K = "point k is pass k, so one more pass is drawn than the text has"
PASS_BEFORE = "point k is pass k - 1, so the first point comes before the first full pass"
HIDDEN_LAYERS = Words(
    "{fitting}",
    "parameters with biases: {sizes:<name> has <value:.1f> thousand|, }; Figure 12 prints "
    "{printed:g} thousand",
)
SUPPORT_VECTORS = Words(
    "{decided:each is near one of its two numbers|not decided}",
    "{systems:<name> <value[0]> %: <value[1]> of <value[2]:g> and <value[3]:g>|; } "
    "(within {margin:g} points)",
)
DEGREE = Words(
    "{fitting}",
    "{degrees:degree <name> has <value[0]:.0f> thousand and misses <value[1]:.4g> %|; }; Figure 12 "
    "prints {printed:g} thousand, nearer to degree {nearest}",
)
