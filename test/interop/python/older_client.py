"""What py-ldlm 1.0.0, of LDLM's older age, does with this server: python older_client.py SCENARIO ADDRESS TLS_FOLDER"""

import os
import sys
import time

from ldlm import Client, exceptions

address, _ = sys.argv[2:]


def lock():
    client, other = Client(address), Client(address)
    held = client.lock("old-lock")
    assert held.locked and held.name == "old-lock" and len(held.key) == 36, held
    assert not other.try_lock("old-lock").locked
    client.unlock("old-lock", held.key)
    with other.lock_context("old-lock") as again:
        assert again.locked


def refresh():
    client, other = Client(address, auto_refresh_locks=False), Client(address)
    held = client.lock("old-refresh", lock_timeout_seconds=1)
    assert client.refresh_lock("old-refresh", held.key, 3).locked
    time.sleep(2)
    assert not other.try_lock("old-refresh").locked
    time.sleep(1.5)
    try:
        client.refresh_lock("old-refresh", held.key, 3)
    except exceptions.LockDoesNotExistOrInvalidKeyError:
        pass
    else:
        raise AssertionError("the lock had expired")


def auto_refresh():
    Client.min_refresh_interval_seconds = 1
    client, other = Client(address), Client(address)
    client.lock("old-auto", lock_timeout_seconds=2)
    time.sleep(4)
    assert not other.try_lock("old-auto").locked


def size():
    clients = [Client(address) for _ in range(3)]
    assert [client.try_lock("old-size", size=2).locked for client in clients] == [True, True, False]


globals()[sys.argv[1]]()
print("done", flush=True)
# The threads that renew locks are no daemons: the program would not end by itself.
os._exit(0)
