#!/usr/bin/env bash
# DVC 3.67.1 with git 2.39: a merge without conflict leaves a dvc.lock that vouches for a run that
#   never was, and `dvc status` and `dvc repro` take its word.
# Expected: after a merge of two branches that each changed another input and ran the stage, DVC
#   sees that no run had both inputs, and runs the stage again.
# Happens: dvc.lock is a text in which the entries of inputs stand apart; git joins the entry of one
#   branch and that of the other. All sums then agree with the files that lie there, so the stage
#   counts as up to date, though its output is that of neither input pair: 0 instead of 6 here.
# Source: dvc/lock.py and git's merge of texts. `dvc.lock -merge` in .gitattributes makes git ask.
# Who is hit: two people who train on branches of one repository, where one change alone does not
#   change the output (a switch that is off, a metric that stays).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq dvc==3.67.1
dvc() { "$folder/venv/bin/dvc" "$@"; }
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
mkdir pipeline && cd pipeline
git init -q -b main
dvc init -q
dvc config core.analytics false
dvc config core.check_update false
for input in a b c d e; do echo 0 > $input.txt; done
cat > dvc.yaml <<'YAML'
stages:
  multiply:
    cmd: echo $(($(cat a.txt) * $(cat e.txt))) > product.txt
    deps: [a.txt, b.txt, c.txt, d.txt, e.txt]
    outs: [product.txt: {cache: false}]
YAML
dvc repro -q && git add -A && git commit -qm base
change() {
  git checkout -q -b "$1" main && echo "$3" > "$2" && dvc repro -q && git commit -qam "$1"
}
change left a.txt 2
change right e.txt 3
git merge -q -m both left
echo "git $(git version | cut -d' ' -f3), a is $(cat a.txt), e is $(cat e.txt)"
dvc status | tee status
dvc repro | tee repro
echo "their product is $(cat product.txt)"
grep -q "up to date" status && grep -q "didn't change, skipping" repro &&
  [ "$(cat product.txt)" = 0 ] || { echo "no longer so" >&2; exit 1; }
