"""Goes through the steps of lockmgr's acquire_lock(wait=False) and, on SIGTERM, of its release_lock.

lockmgr is in no package registry, so this stands for it: the same calls of the system in the same order, the unlocking
before the unlinking included.
"""

import fcntl
import os
import signal
import sys

path = sys.argv[1]
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
fd = os.open(path, os.O_RDWR | os.O_CREAT, mode=0o644)
try:
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError as error:
    print(f"Failed: {error}", flush=True)
    sys.exit(1)
print("Success", flush=True)
signal.sigwait([signal.SIGTERM])
fcntl.flock(fd, fcntl.LOCK_UN)
os.unlink(path)
os.close(fd)
