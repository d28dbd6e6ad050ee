"""Files are written whole or not at all; links, permissions and devices are respected; errors name the file."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest

from symbackprop.emit.save import read_text, write_text
from symbackprop.errors import ArgumentError, FileError, SymbackpropError


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("old")
    (tmp_path / "link.py").symlink_to("real.py")
    write_text(tmp_path / "link.py", "new")
    assert (tmp_path / "link.py").is_symlink()
    assert (tmp_path / "real.py").read_text() == "new"


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_text("old")
    path.chmod(0o640)
    write_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_new_files_have_the_usual_permissions(tmp_path: Path) -> None:
    write_text(tmp_path / "f.py", "new")
    (tmp_path / "g.py").write_text("new")
    assert (tmp_path / "f.py").stat().st_mode == (tmp_path / "g.py").stat().st_mode


def test_devices_and_pipes_are_written_to(tmp_path: Path) -> None:
    write_text("/dev/null", "text")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_any_name_that_the_file_system_takes(tmp_path: Path) -> None:
    for name in ("a" * 250 + ".py", "with space.py", "é.py"):
        write_text(tmp_path / name, "é")
        assert read_text(tmp_path / name) == "é"
    write_text(os.fsencode(tmp_path / "b.py"), "x")
    assert read_text(str(tmp_path / "b.py")) == "x"


@pytest.mark.parametrize(
    ("path", "hint"), [("none/f.py", "does not exist; make"), ("", "is a folder"), ("file/f.py", "part of the path")]
)
def test_errors_name_the_file_and_leave_nothing(path: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    target = os.path.join(tmp_path, path)
    with pytest.raises(FileError, match=hint) as caught:
        write_text(target, "text")
    assert str(caught.value).startswith(f"cannot write {target}: ")
    assert caught.value.errno
    assert isinstance(caught.value, SymbackpropError)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "f.py"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(FileError, match="permission denied"):
        write_text(path, "new")
    assert path.read_text() == "old"


@pytest.mark.parametrize("path", [None, 3, "", "a\0b"])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises(ArgumentError, match="give the name of a file"):
        write_text(path, "text")  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_write_leaves_the_old_file(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise error

    (tmp_path / "f.py").write_text("old")
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(error):
        write_text(tmp_path / "f.py", "new")
    assert os.listdir(tmp_path) == ["f.py"]
    assert (tmp_path / "f.py").read_text() == "old"


def test_reading_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, message in (("none", "No such file"), ("binary", "not text in UTF-8"), ("", "directory")):
        with pytest.raises(FileError, match=message):
            read_text(os.path.join(tmp_path, name))


def test_file_errors_pickle() -> None:
    again = pickle.loads(pickle.dumps(FileError("cannot write x")))
    assert isinstance(again, OSError)
    assert str(again) == "cannot write x"
