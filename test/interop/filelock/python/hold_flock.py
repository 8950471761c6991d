"""Locks a file with fcntl.flock and says `locked` or `busy`; then holds it until the process is ended.

hold_flock.py PATH exclusive|shared|posix, where posix is the other kind of lock, by fcntl.lockf.
"""

import fcntl
import os
import signal
import sys

path, kind = sys.argv[1:]
fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
mode = (fcntl.LOCK_SH if kind == "shared" else fcntl.LOCK_EX) | fcntl.LOCK_NB
try:
    (fcntl.lockf if kind == "posix" else fcntl.flock)(fd, mode)
    print("locked", flush=True)
except BlockingIOError:
    print("busy", flush=True)
signal.pause()
