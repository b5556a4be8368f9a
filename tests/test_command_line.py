"""The command line as a whole: help, unknown commands, one sentence and no traceback."""

from __future__ import annotations

import importlib

import pytest

from replication import __main__ as command_line
from replication.__main__ import COMMANDS, main


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


def test_without_a_command_it_says_how(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys):
    assert main(["trian"]) == 2
    assert "no command 'trian'" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_a_help(name, capsys):
    module = importlib.import_module(COMMANDS[name][0])
    with pytest.raises(SystemExit) as stopped:
        module.main(["--help"])
    assert stopped.value.code == 0
    assert "usage" in capsys.readouterr().out


def test_an_interruption_is_a_sentence_and_its_own_status(monkeypatch, capsys):
    class Interrupted:
        @staticmethod
        def main(argv):
            raise KeyboardInterrupt(argv)

    monkeypatch.setattr(command_line.importlib, "import_module", lambda _: Interrupted)
    assert main(["train", "lenet5"]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
