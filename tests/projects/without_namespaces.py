"""Run a command where the kernel refuses namespaces, as it does in many containers: `without_namespaces.py COMMAND`."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

_UNSHARE = {"x86_64": 272, "aarch64": 97}[platform.machine()]
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # of a classic BPF program
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2  # of prctl(2)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse() -> None:
    """Have unshare(2) fail with EPERM in this process and all it starts (seccomp(2))."""
    instructions = (
        (_LOAD, 0, 0, 0),  # the number of the system call
        (_IF_EQUAL, 0, 1, _UNSHARE),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    )
    packed = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
    program = _Program(len(instructions), packed)
    libc = ctypes.CDLL(None, use_errno=True)
    refused = libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    assert not refused, os.strerror(ctypes.get_errno())


if __name__ == "__main__":
    refuse()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is what it is here for
