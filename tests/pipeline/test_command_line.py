"""The command line as a whole: help, completion, one sentence on a mistake and no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from small import REPOSITORY, mistake

from replication.pipeline import cli
from replication.pipeline.cli import PIPELINE, STUDIES, main

NAMES = [*PIPELINE, *STUDIES]


def test_help_names_every_command_without_importing_the_heavy_packages():
    code = (
        "import sys; from replication.pipeline.cli import main; main(['--help']); "
        "sys.exit(bool({'torch', 'numba', 'pandas', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in NAMES)


def test_no_arguments_give_the_help_and_version_the_version(capsys):
    assert main([]) == 0
    nothing = capsys.readouterr().out
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == nothing
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("lenet-replication ")


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_is_and_every_path_its_default(name, capsys):
    assert main([name, "--help"]) == 0
    assert "--help" in capsys.readouterr().out
    command = cli.commands.get_command(click.Context(cli.commands), name)
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            if isinstance(option.default, int | str | Path) and not option.is_flag:
                assert option.show_default, option.name


PARAMS = str(REPOSITORY / "params.yaml")
MISTAKES = {
    "an unknown command, train": ["trian"],
    "an unknown option, --params": ["prepare", "--parms", "x"],
    "an option without its value": ["prepare", "--params"],
    "no argument": ["train"],
    "an argument too many": ["evaluate", "lenet5"],
    "a folder for a file": ["prepare", "--params", "/"],
    "settings that are not there": ["prepare", "--params", "mine.yaml"],
    "a folder of data that is not there": ["prepare", "--root", "nowhere"],
    "a text that is not there": ["report", "--text", "none.md"],
    "texts and none, contradict": ["report", "--page-only", "--text", "README.md"],
    "neither a name nor all": ["train", "--params", PARAMS],
    "both a name and all": ["train", "lenet5", "--all", "--params", PARAMS],
    "an unknown experiment": ["train", "lenet6", "--params", PARAMS],
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_sentence_and_status_2_and_proposes_what_was_meant(
    name, capsys, monkeypatch
):
    monkeypatch.chdir(REPOSITORY)
    mistake(capsys, MISTAKES[name], *name.split(", ")[1:])


@pytest.mark.parametrize("name", ["train", "verify", "--help"])
def test_an_interruption_is_one_sentence_and_status_130(name, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.Commands, "resolve_command", interrupted)
    monkeypatch.setattr(cli.Commands, "format_commands", interrupted)
    assert main([name]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == cli.INTERRUPTED


@pytest.mark.parametrize("missing", ["click", "numpy", "all packages"])
def test_without_the_environment_a_sentence_says_how_to_make_it(missing, tmp_path):
    if missing == "all packages":
        options, search = ["-S"], REPOSITORY
    else:
        options, search = [], f"{tmp_path}{os.pathsep}{REPOSITORY}"
        raising = f"raise ModuleNotFoundError('No module named {missing}', name='{missing}')"
        (tmp_path / f"{missing}.py").write_text(raising)
    done = subprocess.run(
        [sys.executable, *options, "-m", "replication", "prepare"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(search)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "is not installed" in done.stderr
    assert missing in done.stderr or options
    assert "`make install`" in done.stderr


def test_the_shell_completes_commands_and_options():
    script = [sys.executable, "-c", "import sys; sys.argv[0] = 'lenet-replication'; "
              "from replication.pipeline.cli import main; sys.exit(main())"]  # fmt: skip
    environment = {**os.environ, cli.COMPLETION: "bash_complete"}
    for words, expected in (("lenet-replication inv", "invariance"), ("x audit --st", "--strict")):
        typed = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        done = subprocess.run(script, env=environment | typed, capture_output=True, text=True)
        assert expected in done.stdout, done.stderr
