"""Whatever a shell hands over as stdin, stdout and stderr: the exit code means what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = f"{sys.executable} -m rehearse"


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], check=False, cwd=cwd, text=True, capture_output=True)


@pytest.mark.parametrize(("words", "code"), [("checks table-rewrite", 0), ("checks nosuch", 2)])
def test_a_reader_that_leaves_early_changes_no_exit_code(tmp_path: Path, words: str, code: int):
    # the reader is gone before a word is written: 1, which is usual then, would mean unsafe
    done = shell(f"{{ sleep 0.3; {TOOL} {words} 2>&1; echo $? >code; }} | true", tmp_path)

    assert (tmp_path / "code").read_text() == f"{code}\n"
    assert done.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code(tmp_path: Path, closed: str):
    done = shell(f"{TOOL} checks table-rewrite {closed}", tmp_path)

    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr


def test_what_nobody_hears_stays_a_wrong_request(tmp_path: Path):
    done = shell(f"{TOOL} checks nosuch 2>&-", tmp_path)

    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_is_a_failure_in_a_sentence(tmp_path: Path):
    done = shell(f"{TOOL} checks table-rewrite >/dev/full", tmp_path)

    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        "rehearse: What was to be written could not be written to the end: no space is left on its device.",
        "Free some space (stages lie under TMPDIR, else /var/tmp; runs under .rehearse) and run it again.",
    ]
