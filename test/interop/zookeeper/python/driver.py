"""Drives locks of kazoo or kazurator by the lines that java/Main.java describes.

Arguments: "kazoo" or "kazurator", connect string, session timeout in ms, namespace or "", "user:password" or "".
"""

import json
import queue
import sys
import threading
import urllib.parse
import uuid

from kazoo.client import KazooClient
from kazoo.exceptions import LockTimeout
from kazoo.recipe.lock import Lock, ReadLock as KazooReadLock, Semaphore, WriteLock as KazooWriteLock
from kazoo.security import make_digest_acl
import kazurator


class CuratorNames:
    """Names a kazoo lock's node as Curator does, so that each waits for the other."""

    def __init__(self, client, path, identifier=None):
        super().__init__(client, path, identifier)
        # kazoo finds its node again by this prefix, and cuts it off to get the sequence number.
        self.prefix = f"_c_{uuid.uuid4()}-{self._NODE_NAME}"
        self.create_path = f"{path}/{self.prefix}"


class Mutex(CuratorNames, Lock):
    _NODE_NAME = "lock-"
    _EXCLUDE_NAMES = ["lock-"]


class ReadLock(CuratorNames, KazooReadLock):
    _NODE_NAME = "__READ__"
    _EXCLUDE_NAMES = ["__WRIT__"]


class WriteLock(CuratorNames, KazooWriteLock):
    _NODE_NAME = "__WRIT__"
    _EXCLUDE_NAMES = ["__READ__", "__WRIT__"]


class KazooLocks:
    """An object for each owner: kazoo's locks know no threads and are not reentrant."""

    kinds = {"lock": Lock, "sem": Semaphore, "mutex": Mutex, "read": ReadLock, "write": WriteLock}

    def __init__(self, client):
        self._client, self._locks = client, {}

    def _lock(self, kind, path, owner, n):
        key = (kind, path, owner, n)
        if key not in self._locks:
            size = [n] if kind == "sem" else []
            self._locks[key] = self.kinds[kind](self._client, path, owner, *size)
        return self._locks[key]

    def acquire(self, kind, path, owner, timeout_ms, n):
        lock = self._lock(kind, path, owner, n)
        timeout = timeout_ms / 1000 if timeout_ms > 0 else None
        if not lock.acquire(blocking=timeout_ms != 0, timeout=timeout):
            return {"acquired": False}
        return {"acquired": True, "lockPath": self.lock_path(kind, path, owner, n)}

    def release(self, kind, path, owner, n):
        if not self._lock(kind, path, owner, n).release():
            raise RuntimeError(f"{owner} does not hold {path}")

    def lock_path(self, kind, path, owner, n):
        lock = self._lock(kind, path, owner, n)
        if not lock.is_acquired:
            return None
        return lock.create_path if kind == "sem" else f"{path}/{lock.node}"

    def participants(self, kind, path, n):
        """What kazoo tells: the owners, not the nodes."""
        lock = self._lock(kind, path, "", n)
        return lock.lease_holders() if kind == "sem" else lock.contenders()


class KazuratorLocks:
    """An object for each owner as well: one that waits keeps all other threads from using its object."""

    def __init__(self, client):
        self._client, self._locks = client, {}

    def _lock(self, kind, path, owner, n):
        if kind == "mutex":
            key, make = (kind, path, owner, n), lambda: kazurator.Mutex(self._client, path, n)
        else:
            # Both locks of a path are of one object, by which kazurator knows a writer that reads.
            key, make = (path, owner), lambda: kazurator.ReadWriteLock(self._client, path)
        if key not in self._locks:
            self._locks[key] = make()
        lock = self._locks[key]
        return lock if kind == "mutex" else lock.read_lock if kind == "read" else lock.write_lock

    def acquire(self, kind, path, owner, timeout_ms, n):
        lock = self._lock(kind, path, owner, n)
        # To kazurator 0 is no timeout.
        lock.timeout = None if timeout_ms < 0 else max(timeout_ms, 1) / 1000
        if not lock.acquire():
            return {"acquired": False}
        return {"acquired": True, "lockPath": self.lock_path(kind, path, owner, n)}

    def release(self, kind, path, owner, n):
        self._lock(kind, path, owner, n).release()

    def lock_path(self, kind, path, owner, n):
        # Not public, but kazurator has nothing else that tells.
        held = self._lock(kind, path, owner, n)._thread_data.get(threading.current_thread())
        return held.path if held else None

    def participants(self, kind, path, n):
        return self._lock(kind, path, "", n).get_participant_nodes()


class Driver:
    def __init__(self, library, connect_string, session_ms, namespace, credentials):
        options = {
            # A namespace is to Curator what a chroot is to others.
            "hosts": "/".join(filter(None, [connect_string, namespace])),
            "timeout": int(session_ms) / 1000,
            # Quick enough to be back soon once a server that a test starts again listens.
            "connection_retry": {"max_tries": -1, "delay": 0.1, "backoff": 1, "max_jitter": 0},
        }
        if credentials:
            acl = make_digest_acl(*credentials.split(":", 1), all=True)
            options.update(auth_data=[("digest", credentials)], default_acl=[acl])
        self._client = KazooClient(**options)
        self._locks = {"kazoo": KazooLocks, "kazurator": KazuratorLocks}[library](self._client)
        self._owners = {}
        self._print_lock = threading.Lock()
        self._connected = threading.Event()
        self._client.add_listener(self._tell_state)

    def _tell_state(self, state):
        self._print(f"event state {state}")
        self._connected.set()

    def _print(self, line):
        with self._print_lock:
            print(line, flush=True)

    def run(self):
        self._client.start(timeout=20)
        # kazoo may be back before the listener was called, whose first state would come late.
        self._connected.wait()
        self._client.ensure_path("/")
        self._print(f"event ready {self._session_id()}")
        for line in sys.stdin:
            number, verb, *words = line.rstrip("\n").split(" ")
            args = [urllib.parse.unquote(word) for word in words]
            owner = args[2] if verb in ("acquire", "release", "lockPath") else f"call {number}"
            self._thread(owner).put((number, verb, args))
        self._client.stop()

    def _thread(self, owner):
        if owner not in self._owners:
            self._owners[owner] = queue.SimpleQueue()
            threading.Thread(target=self._serve, args=(self._owners[owner],), daemon=True).start()
        return self._owners[owner]

    def _serve(self, calls):
        while True:
            number, verb, args = calls.get()
            try:
                self._print(f"{number} ok {json.dumps(self._call(verb, args))}")
            except Exception as error:
                message = " ".join(str(error).split())
                self._print(f"{number} error {type(error).__name__} {message}")

    def _call(self, verb, args):
        if verb == "acquire":
            kind, path, owner, timeout_ms, n, _ = args
            try:
                return self._locks.acquire(kind, path, owner, int(timeout_ms), int(n))
            except LockTimeout as error:
                return {"acquired": False, "reason": str(error)}
        if verb == "release":
            return self._locks.release(*args[:3], int(args[3]))
        if verb == "lockPath":
            return self._locks.lock_path(*args[:3], int(args[3]))
        if verb == "participants":
            return self._locks.participants(*args[:2], int(args[2]))
        if verb == "children":
            return sorted(self._client.get_children(args[0]))
        if verb == "state":
            return self._client.state
        if verb == "sessionId":
            return self._session_id()
        raise ValueError(f"no verb {verb}")

    def _session_id(self):
        return f"{self._client.client_id[0] & 0xFFFFFFFFFFFFFFFF:x}"


Driver(*sys.argv[1:]).run()
