#!/usr/bin/env bash
# NumPy 2.4.6: which of equally near neighbours argpartition names is up to the processor.
# Expected: "not stable" means that the order of equal elements is unspecified; for the same input,
#   version and platform one expects the same indices all the same.
# Happens: 32- and 64-bit numbers are sorted by different code with AVX-512, with AVX2 and without;
#   each names others of the tied. The five nearest neighbours are three different sets on three
#   processors. argsort with kind="stable" names the same on all; argpartition has no such kind.
# Source: github.com/numpy/numpy/issues/24064 (of argsort, closed); the documentation says no more
#   than that the default is not stable.
# Who is hit: k nearest neighbours where distances are whole numbers, golden files, and tests that
#   pass on one machine of a CI service and fail on the next.
# Without AVX2 it cannot be shown: exit 2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset NPY_DISABLE_CPU_FEATURES
python3 -m venv venv
venv/bin/pip install -qq numpy==2.4.6
cat > neighbours.py <<'END'
import numpy as np

distances = np.random.default_rng(0).integers(0, 50, 2000).astype(np.float32)
first = sorted(np.argpartition(distances, 4)[:5].tolist())
stable = sorted(np.argsort(distances, kind="stable")[:5].tolist())
print(first, "stable:", stable)
END
if ! venv/bin/python -I -c 'import sys, numpy; numpy.show_runtime()' 2>&1 |
  grep -q "'found':.*X86_V3"; then
  echo "this processor has no AVX2: not shown" >&2
  exit 2
fi
for without in "" "X86_V4 AVX512_ICL AVX512_SPR" "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"; do
  answer=$(NPY_DISABLE_CPU_FEATURES=$without venv/bin/python -I neighbours.py)
  echo "without ${without:-nothing}: $answer"
  echo "$answer" >> answers
done
different=$(sort -u answers | wc -l) stable=$(sed 's/.*stable/stable/' answers | sort -u | wc -l)
if [ "$different" -lt 2 ] || [ "$stable" -ne 1 ]; then
  echo "no longer so" >&2
  exit 1
fi
