#!/usr/bin/env bash
# ruamel.yaml 0.19.1 and PyYAML 6.0.4: 0.00001 written by either is text to the other, or a number.
# Expected: a number that one YAML library writes the other reads as that number, text as text.
# Happens: ruamel.yaml (YAML 1.2) writes 0.00001 as 1e-05, which PyYAML (YAML 1.1) reads as the
#   string '1e-05', since 1.1 wants a point in it. PyYAML writes the string '12e4', such as a short
#   commit id, without quotes, and ruamel.yaml reads the number 120000.0. 0.0001 is still written as
#   0.0001: of the learning rates 0.0005, 0.0002, 0.0001, 0.00005, 0.00001 only the last two turn.
#   Also 010 is 8 or 10, and yes is true or text.
# Source: github.com/yaml/pyyaml/issues/173 (open) and 393; YAML 1.1 and 1.2 differ, and both
#   libraries do as their version says.
# Who is hit: parameters that DVC or another tool on ruamel.yaml rewrites and a program with PyYAML
#   reads (a comparison or a product with the string may fail much later), and the reverse.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq ruamel.yaml==0.19.1 PyYAML==6.0.4
venv/bin/python -I - <<'END'
import io
import sys

import yaml
from ruamel.yaml import YAML

ruamel = YAML(typ="safe", pure=True)
rates = [0.0005, 0.0002, 0.0001, 0.00005, 0.00001]
text = io.StringIO()
ruamel.dump({"rates": rates}, text)
by_pyyaml = yaml.safe_load(text.getvalue())["rates"]
print("ruamel.yaml writes", text.getvalue().strip(), "\nPyYAML reads", by_pyyaml)
commit = yaml.safe_dump({"commit": "12e4"})
by_ruamel = ruamel.load(commit)["commit"]
print("PyYAML writes", commit.strip(), "for the string '12e4'; ruamel.yaml reads", repr(by_ruamel))
for value in ("010", "yes"):
    print(f"{value}: PyYAML {yaml.safe_load(value)!r}, ruamel.yaml {ruamel.load(value)!r}")
as_text = [rate for rate, read in zip(rates, by_pyyaml) if isinstance(read, str)]
sys.exit(0 if as_text == [0.00005, 0.00001] and by_ruamel == 120000.0 else "no longer so")
END
