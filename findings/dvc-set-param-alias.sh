#!/usr/bin/env bash
# DVC 3.67.1: `dvc exp run -S` of a value below a YAML alias changes nothing, or all that share it.
# Expected: -S second.rate=0.5 sets this parameter and no other, or refuses; what `dvc params` lists
#   has all of them apart.
# Happens: the aliases are one object while DVC writes all values one after another into the file:
#   the value of the last that shares the object wins. Set the anchor or an earlier one, and the
#   experiment runs, exit 0, with nothing changed; set the last, and all change with it.
# Source: github.com/treeverse/dvc/issues/10984, closed: "I don't intend to add support for this".
# Who is hit: sweeps over params.yaml with a shared base; the table of experiments shows equal
#   results for different -S, which looks like a parameter without influence.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq dvc==3.67.1
dvc() { "$folder/venv/bin/dvc" "$@"; }
export GIT_CONFIG_GLOBAL=/dev/null
mkdir pipeline && cd pipeline
git init -q .
git config user.name nobody
git config user.email nobody@example.org
dvc init -q
dvc config core.analytics false
dvc config core.check_update false
cat > params.yaml <<'END'
base: &base
  rate: 0.1
first: *base
second: *base
END
cat > dvc.yaml <<'END'
stages:
  train:
    cmd: cp params.yaml trained-with.yaml
    params: [first, second]
    outs:
    - trained-with.yaml:
        cache: false
END
dvc repro -q
git add -A
git commit -qm base
for parameter in base first second; do
  git checkout -q .
  status=0
  dvc exp run -q -S "$parameter.rate=0.5" > /dev/null || status=$?
  echo "-S $parameter.rate=0.5: exit $status," "$("$folder/venv/bin/python" -I - <<'END'
from ruamel.yaml import YAML

print(dict(YAML(typ="safe", pure=True).load(open("trained-with.yaml"))))
END
)"
done | tee answers
all() { echo "{'base': {'rate': $1}, 'first': {'rate': $1}, 'second': {'rate': $1}}"; }
{ [ "$(grep -c "exit 0" answers)" -eq 3 ] && [ "$(grep -c "$(all 0.1)" answers)" -eq 2 ] &&
  grep -q "second.rate.*$(all 0.5)" answers; } || { echo "no longer so" >&2; exit 1; }
