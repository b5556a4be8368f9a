#!/usr/bin/env bash
# safetensors 0.8.0: a transposed or sliced NumPy array is written with other values.
# Expected: what is saved is what is loaded, as in 0.7.0; or an error, as for torch's tensors.
# Happens: save and save_file write the memory as it lies, beside the shape of the view: the
#   transpose of a matrix comes back as its reshape, every other column as the first ones. No error,
#   no warning. np.ascontiguousarray before saving helps.
# Source: github.com/safetensors/safetensors/issues/825, open when this was written.
# Who is hit: weights that are stored transposed, components of scikit-learn's PCA (Fortran order),
#   slices of one vector of parameters.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq safetensors==0.8.0 numpy==2.4.6
cat > check.py <<'END'
import sys
from importlib.metadata import version

import numpy as np
from safetensors.numpy import load, save

weights = np.arange(6, dtype=np.float32).reshape(2, 3)
views = {"transposed": weights.T, "every other column": weights[:, ::2]}
loaded = load(save(views))
for name, view in views.items():
    print(f"safetensors {version('safetensors')}, {name}: saved {view.tolist()}, "
          f"loaded {loaded[name].tolist()}")
sys.exit(0 if all(np.array_equal(loaded[name], view) for name, view in views.items()) else 3)
END
status=0
venv/bin/python -I check.py || status=$?
venv/bin/pip install -qq safetensors==0.7.0
venv/bin/python -I check.py || { echo "no longer so: 0.7.0 differs as well" >&2; exit 1; }
if [ "$status" -ne 3 ]; then
  echo "no longer so" >&2
  exit 1
fi
