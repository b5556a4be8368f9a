#!/usr/bin/env bash
# Numba 0.68.1: the mean of as many float32 ones as MNIST has pixels is 0.357.
# Expected: a.mean() and a.sum() in compiled code are as good as NumPy's, which adds in pairs.
# Happens: Numba adds one element after another into a float32. At 2**24 = 16,777,216 adding 1 has
#   no effect any more, and MNIST's training set has 60,000 x 784 = 47,040,000 pixels. No warning.
#   Smaller arrays lose digits: the mean of 10**6 numbers keeps about five, NumPy's eight.
# Source: github.com/numba/numba/issues/2855 and 3702, both open.
# Who is hit: whoever normalises images, or averages a loss over a pass, inside compiled code.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq numba==0.68.1 llvmlite==0.50.0 numpy==2.4.6
venv/bin/python -I - <<'END'
import sys

import numpy as np
from numba import njit

mean = njit(lambda a: a.mean())
ones = np.ones((60_000, 784), np.float32)
print("mean of 60,000 x 784 ones: NumPy", ones.mean(), "Numba", mean(ones))
some = np.random.default_rng(0).random(10**6).astype(np.float32)
exact = some.astype(np.float64).mean()
print(f"error for 10**6 uniform numbers: NumPy {some.mean() - exact:.1e}, "
      f"Numba {mean(some) - exact:.1e}")
sys.exit(0 if ones.mean() == 1.0 and mean(ones) < 0.36 else "no longer so")
END
