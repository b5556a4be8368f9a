"""LeNet-5 and how it was trained in 1998, in one file of numpy.

LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document Recognition",
Sections II and III and Appendices A and C; pages are those of the authors' preprint. What the paper
leaves open is settled as in params.yaml (paper_notes.md says why). Run it with

    python examples/lenet5.py --passes 1

in the project's folder. It works in float64, one pattern at a time, as the paper does, and follows
replicate 0 of the experiment lenet5: same initial weights, same order of the patterns.
"""

import argparse
import gzip
import time
import zlib
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parent.parent / "data"
A, S = 1.7159, 2 / 3  # of the squashing function, pp. 8 and 41
BLACK, WHITE = 1.175, -0.1  # inputs of a black and a white pixel, p. 7
MU, HESSIAN_PATTERNS = 0.02, 500  # p. 10
CURVATURE_START = 4.0  # second derivative of the criterion by each output of F6: not in the paper
J = 0.25  # of equation 9: not in the paper
RATES = [5e-4] * 2 + [2e-4] * 3 + [1e-4] * 3 + [5e-5] * 4 + [1e-5] * 8  # by pass, p. 10


# ---------------------------------------------------------------------------------------- data


def read_idx(name):
    """Return the array in an IDX file of MNIST: uint8."""
    with gzip.open(DATA / "raw" / name) as stream:
        content = stream.read()
    shape = np.frombuffer(content, ">i4", count=content[3], offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)


def read_patterns(kind):
    """Return images, (n, 1, 32, 32) float64 with the 28x28 of MNIST in the middle, and labels."""
    pixels = np.pad(read_idx(f"{kind}-images-idx3-ubyte.gz"), ((0, 0), (2, 2), (2, 2)))
    levels = (WHITE + (BLACK - WHITE) * np.arange(256) / 255).astype(np.float32)
    return levels[pixels][:, None], read_idx(f"{kind}-labels-idx1-ubyte.gz")


def read_table():
    """Return Table I, p. 8: for each of the 16 maps of C3 the maps of S2 that it reads."""
    lines = (DATA / "paper" / "table1_c3_connections.csv").read_text().split("\n")[1:]
    return [[int(number) for number in line.split(",")[1].split()] for line in lines if line]


def read_codes():
    """Return Figure 3, p. 9: for each digit the 84 components, +1 or -1, of its RBF unit."""
    text = (DATA / "paper" / "figure3_rbf_codes.txt").read_text()
    blocks = (block.split("\n") for block in text.split("\ncode ")[1:])
    bitmaps = {int(lines[0].split()[0]): "".join(lines[1:13]) for lines in blocks}
    return np.array([[1.0 if c == "#" else -1.0 for c in bitmaps[48 + n]] for n in range(10)])


# -------------------------------------------------------------------------------------- layers
# A layer has weights w and biases b. `forward` gives the weighted sums of the maps x below;
# `backward` takes the derivatives of the loss by these sums and gives those by w, b and x. With
# squares in place of x and w the same function gives the second derivatives of equations 25 to 27.


class Convolution:
    """Each map reads some maps below through a 5x5 kernel each; F6 has 1x1 kernels."""

    def __init__(self, table, maps_below, side):
        """Take for each map the maps that it reads, ``table``."""
        self.mask = np.zeros((len(table), maps_below, 1, 1))
        for number, row in enumerate(table):
            self.mask[number, row] = 1.0
        self.side, self.shape = side, (len(table), maps_below, side, side)
        self.fan_in = np.array([len(row) * side**2 for row in table])
        self.weights = int(self.fan_in.sum())
        self.present = np.broadcast_to(self.mask > 0, self.shape)

    def spread(self, weights):
        """Return the weights in the order of the parameter vector as (maps, maps below, 5, 5)."""
        dense = np.zeros(self.shape)
        dense[self.present] = weights
        return dense

    def gather(self, dense):
        """Return them as a vector again."""
        return dense[self.present]

    def windows(self, x):
        """Return what each unit sees of x (maps, h, w): (units, maps * 5 * 5)."""
        view = np.lib.stride_tricks.sliding_window_view(x, (self.side, self.side), axis=(1, 2))
        return view.transpose(1, 2, 0, 3, 4).reshape(-1, x.shape[0] * self.side**2)

    def forward(self, w, b, x):
        """Return the weighted sums, (maps, h, w)."""
        height, width = x.shape[1] - self.side + 1, x.shape[2] - self.side + 1
        return (w.reshape(len(b), -1) @ self.windows(x).T + b[:, None]).reshape(-1, height, width)

    def backward(self, w, x, above, down):
        """Return derivatives by w and b, and by x where ``down``."""
        flat = above.reshape(len(above), -1)
        by_w = (flat @ self.windows(x)).reshape(self.shape) * self.mask
        by_x = None
        if down:
            edge = self.side - 1
            padded = np.pad(above, ((0, 0), (edge, edge), (edge, edge)))
            turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3).reshape(w.shape[1], -1)
            by_x = (turned @ self.windows(padded).T).reshape(x.shape)
        return by_w, flat.sum(axis=1), by_x


class Subsampling:
    """Each unit adds four inputs, multiplies by its map's coefficient and adds its bias, p. 7."""

    def __init__(self, maps):
        """Take the number of maps, as many as there are below."""
        self.weights, self.fan_in = maps, np.full(maps, 4)

    def spread(self, weights):
        """Return the coefficients, which need no other shape."""
        return weights.copy()

    def gather(self, dense):
        """Return the coefficients."""
        return dense

    def sums(self, x):
        """Return the sums of four, (maps, h / 2, w / 2)."""
        return x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]

    def forward(self, w, b, x):
        """Return the weighted sums."""
        return self.sums(x) * w[:, None, None] + b[:, None, None]

    def backward(self, w, sums, above, down):
        """Return the derivatives; ``sums`` are those of four, or their squares."""
        del down
        by_x = (above * w[:, None, None]).repeat(2, axis=1).repeat(2, axis=2)
        return (above * sums).sum(axis=(1, 2)), above.sum(axis=(1, 2)), by_x


class LeNet5:
    """Figure 2, p. 7: C1, S2, C3, S4, C5, F6 and ten RBF units with fixed codes."""

    def __init__(self):
        """Build the table of layers; all trainable parameters form one vector, layer by layer."""
        self.layers = [
            Convolution([[0]] * 6, 1, 5),  # C1, 28x28
            Subsampling(6),  # S2, 14x14
            Convolution(read_table(), 6, 5),  # C3, 10x10
            Subsampling(16),  # S4, 5x5
            Convolution([range(16)] * 120, 16, 5),  # C5, 1x1
            Convolution([range(120)] * 84, 120, 1),  # F6
        ]
        self.codes = read_codes()
        sizes = [size for layer in self.layers for size in (layer.weights, len(layer.fan_in))]
        self.ends = np.cumsum(sizes)

    def split(self, vector):
        """Return for each layer its weights and biases, the weights in their shape."""
        parts = np.split(vector, self.ends[:-1])
        pairs = zip(self.layers, parts[::2], parts[1::2], strict=True)
        return [(layer.spread(weights), biases.copy()) for layer, weights, biases in pairs]

    def join(self, parts):
        """Return the vector again."""
        pairs = zip(self.layers, parts, strict=True)
        return np.concatenate([one for layer, (w, b) in pairs for one in (layer.gather(w), b)])

    def draw(self, generator):
        """Draw initial weights, uniform within 1 / sqrt(fan-in); biases 0, coefficients 1/2.

        The paper prints 2.4 / fan-in (p. 41), with which LeNet-5 does not learn: paper_notes.md.
        """
        values = generator.uniform(-1.0, 1.0, self.ends[-1])
        parts = np.split(values, self.ends[:-1])  # views: what is set in them is set in values
        for layer, weights, biases in zip(self.layers, parts[::2], parts[1::2], strict=True):
            reach, biases[:] = 1 / np.sqrt(layer.fan_in), 0.0
            if isinstance(layer, Subsampling):
                weights[:] = reach
            else:
                weights *= np.repeat(reach, layer.fan_in)
        return values.astype(np.float32).astype(np.float64)

    def forward(self, parts, image):
        """Return the outputs of every layer, the image first."""
        outputs = [image]
        for layer, (w, b) in zip(self.layers, parts, strict=True):
            outputs.append(A * np.tanh(S * layer.forward(w, b, outputs[-1])))
        return outputs

    def penalties(self, last):
        """Return equation 7 for each class with half the squared distance, from F6's outputs."""
        return 0.5 * ((last.ravel() - self.codes) ** 2).sum(axis=1)

    def loss(self, outputs, label):
        """Return equation 9 for one pattern, its derivatives by F6's outputs, and the answer."""
        penalties = self.penalties(outputs[-1])
        exponents = np.append(-penalties, -J)
        top = exponents.max()
        shares = np.exp(exponents - top)
        loss = penalties[label] + top + np.log(shares.sum())
        weights = -shares[:-1] / shares.sum()
        weights[label] += 1.0
        by_last = weights @ (outputs[-1].ravel() - self.codes)
        return loss, by_last.reshape(-1, 1, 1), int(penalties.argmin())

    def back_propagate(self, parts, outputs, by_last, power):
        """Return derivatives by all weights and biases: first (power 1) or second (power 2).

        ``by_last`` are those by F6's outputs. Second ones by equations 25 to 27, p. 42, in which
        weights, inputs and slopes are squared; a shared weight adds up its connections.
        """
        result, above = [], by_last
        for number in reversed(range(len(self.layers))):
            layer, x, y = self.layers[number], outputs[number], outputs[number + 1]
            above = above * (S * (A - y**2 / A)) ** power
            below = layer.sums(x) if isinstance(layer, Subsampling) else x
            by_w, by_b, above = layer.backward(
                parts[number][0] ** power, below**power, above, number > 0
            )
            result.append((by_w, by_b))
        return result[::-1]


# ------------------------------------------------------------------------------------ training


def stream(name, replicate=0, seed=1998):
    """Return the random stream of this name: initial weights and order have one each."""
    key = (replicate, zlib.crc32(name.encode()), 0)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def step_sizes(network, parts, images, rate):
    """Return equation 19, p. 42: rate / (mu + h) for each parameter, h its mean second derivative.

    ``images`` are the patterns that h is estimated on; labels play no part in it.
    """
    total = [(np.zeros_like(w), np.zeros_like(b)) for w, b in parts]
    start = np.full((84, 1, 1), CURVATURE_START)
    for image in images:
        outputs = network.forward(parts, image)
        second = network.back_propagate(parts, outputs, start, 2)
        for sums, own in zip(total, second, strict=True):
            for one, more in zip(sums, own, strict=True):
                one += more
    return [tuple(rate / (MU + one / len(images)) for one in sums) for sums in total]


def train_pass(network, parts, images, labels, order, rate, say=None):
    """Train on the patterns ``order``, one by one, in place; return how many were missed."""
    steps = step_sizes(network, parts, images[order[:HESSIAN_PATTERNS]], rate)
    missed = 0
    for done, number in enumerate(order):
        outputs = network.forward(parts, images[number])
        _, by_last, answer = network.loss(outputs, labels[number])
        missed += answer != labels[number]
        slopes = network.back_propagate(parts, outputs, by_last, 1)
        for weights, own_steps, own_slopes in zip(parts, steps, slopes, strict=True):
            for one, step, slope in zip(weights, own_steps, own_slopes, strict=True):
                one -= step * slope
        if say:
            say(done + 1, missed)
    return missed


def count_misses(network, parts, images, labels):
    """Return how many patterns are missed."""
    answers = (network.penalties(network.forward(parts, image)[-1]).argmin() for image in images)
    return sum(answer != label for answer, label in zip(answers, labels, strict=True))


def main():
    """Train for some passes of the 20, and print the errors after each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--passes", type=int, choices=range(1, 21), default=20, metavar="1-20")
    passes = parser.parse_args().passes
    images, labels = read_patterns("train")
    tests = read_patterns("t10k")
    network = LeNet5()
    parts = network.split(network.draw(stream("initialisation")))
    order, began = stream("order").permutation(len(labels)), time.monotonic()
    for number in range(passes):

        def say(done, wrong, number=number):
            if done % 10_000 == 0:
                share = (number + done / len(order)) / passes
                left = (time.monotonic() - began) * (1 / share - 1) / 60
                print(f"  {done} patterns, {wrong} missed; {left:.0f} minutes left", flush=True)

        missed = train_pass(network, parts, images, labels, order, RATES[number], say)
        wrong = count_misses(network, parts, *tests)
        print(f"pass {number + 1}: {missed / 600:.2f} % missed, of the test {wrong / 100:.2f} %")


if __name__ == "__main__":
    main()
