"""The command line as a whole: help, completion, one sentence on a mistake and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest
from small import REPOSITORY

from replication import cli
from replication.cli import PIPELINE, STUDIES, main
from replication.folders import PLACES

NAMES = [*PIPELINE, *STUDIES]


def test_help_names_every_command_without_importing_the_heavy_packages():
    code = (
        "import sys; from replication.cli import main; main(['--help']); "
        "sys.exit(bool({'torch', 'numba', 'pandas', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_is_and_every_path_its_default(name, capsys):
    assert main([name, "--help"]) == 0
    assert "--help" in capsys.readouterr().out
    command = cli.commands.get_command(click.Context(cli.commands), name)
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            if option.name in PLACES:
                assert option.show_default
                assert option.default


MISTAKES = {
    "no command": [],
    "an unknown command": ["trian"],
    "an unknown option": ["prepare", "--parms", "x"],
    "an option without its value": ["prepare", "--params"],
    "no argument": ["train"],
    "an argument too many": ["house", "lenet5"],
    "a folder for a file": ["prepare", "--params", "/"],
    "an unknown experiment": ["train", "lenet6", "--params", str(REPOSITORY / "params.yaml")],
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_sentence_and_status_2(arguments, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("replication: ")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize("written", ["trian", "train --parms x y"])
def test_what_was_meant_is_proposed(written, capsys):
    main(written.split())
    assert {"trian": "train", "train --parms x y": "--params"}[written] in capsys.readouterr().err


def test_an_interruption_is_a_sentence_and_its_own_status(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.Commands, "get_command", interrupted)
    assert main(["train", "lenet5"]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err


def test_the_shell_completes_commands_and_options():
    script = [sys.executable, "-c", "import sys; sys.argv[0] = 'lenet-replication'; "
              "from replication.cli import main; sys.exit(main())"]  # fmt: skip
    environment = {**os.environ, cli.COMPLETION: "bash_complete"}
    for words, expected in (("lenet-replication inv", "invariance"), ("x audit --st", "--strict")):
        typed = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        done = subprocess.run(script, env=environment | typed, capture_output=True, text=True)
        assert expected in done.stdout, done.stderr
