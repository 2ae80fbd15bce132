"""Sockets are hidden from a process that enters namespaces of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

HIDES = """
import json, socket, sys
from rehearse.engine import namespaces

granted = namespaces.enter((namespaces.NEWNS,))
left = namespaces.hide(sys.argv[1:]) if granted else None
heard = socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1])
print(json.dumps([granted, left, heard]))
"""


def test_a_socket_is_hidden_and_one_that_is_gone_meanwhile_is_not_open(tmp_path: Path):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        command = [sys.executable, "-c", HIDES, str(tmp_path / "s"), str(tmp_path / "gone")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    granted, left, heard = json.loads(done.stdout)

    if not granted:
        pytest.skip("the kernel grants no mount namespace here")
    assert left == 0
    assert heard != 0
