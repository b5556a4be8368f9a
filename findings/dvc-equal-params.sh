#!/usr/bin/env bash
# DVC 3.67.1: a parameter changed from 1 to true, or from 0 to false, has not changed.
# Expected: a stage is run again when the text of a parameter that it reads changes its type.
# Happens: DVC compares what dvc.lock holds with what params.yaml holds by Python's ==, for which
#   1 == True == 1.0, also inside lists and mappings. `dvc status` says that all is up to date, and
#   the output stays what the old value gave; `dvc params diff` of two commits shows nothing either.
#   '1' (text) to 1 is noticed; .nan on the other hand is a change each time.
# Source: dvc/dependency/param.py, `actual[param] != info[param]`; no issue found.
# Who is hit: a switch that becomes a number, or a count that becomes a switch, and programs to
#   which 1 and 1.0 are not the same (range, an index, an exact division).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq dvc==3.67.1
dvc() { "$folder/venv/bin/dvc" "$@"; }
mkdir pipeline && cd pipeline
dvc init -q --no-scm
dvc config core.analytics false
dvc config core.check_update false
cat > dvc.yaml <<'END'
stages:
  train:
    cmd: cp params.yaml trained-with.yaml
    params: [distortions]
    outs: [trained-with.yaml]
END
change() {
  echo "distortions: $1" > params.yaml
  rm -f dvc.lock
  dvc repro -q
  echo "distortions: $2" > params.yaml
  dvc repro -q
  echo "$1 to $2: trained with $(cat trained-with.yaml)"
}
{
  change 1 true
  change 0 false
  change 1 1.0
  change '[0, 1]' '[false, true]'
  change "'1'" 1
} | tee answers
grep -q '^1 to true: trained with distortions: 1$' answers &&
  grep -q '^0 to false: trained with distortions: 0$' answers &&
  grep -q '^1 to 1.0: trained with distortions: 1$' answers &&
  grep -q 'true\]: trained with distortions: \[0, 1\]$' answers &&
  grep -q "^'1' to 1: trained with distortions: 1$" answers || { echo "no longer so" >&2; exit 1; }
