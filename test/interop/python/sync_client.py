"""What py-ldlm's Client does with this server: python sync_client.py SCENARIO ADDRESS TLS_FOLDER"""

import os
import subprocess
import sys
import threading
import time

import grpc
from ldlm import Client, TLSConfig, exceptions

address, tls_folder = sys.argv[2:]


def expect_raises(error, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} was not raised")


def lock():
    client = Client(address)
    lock = client.lock("py-lock")
    assert lock and lock.locked and lock.name == "py-lock" and len(lock.key) == 36, lock.key
    lock.unlock()
    error = expect_raises(exceptions.InvalidLockKeyError, client.unlock, "py-lock", lock.key)
    assert error.message == "invalid lock key", error.message
    error = expect_raises(exceptions.LockDoesNotExistError, client.unlock, "py-unknown", "key")
    assert error.message == "a lock by that name does not exist", error.message


def wait_timeout():
    holder, waiter = Client(address), Client(address)
    assert holder.lock("py-wait")
    start = time.monotonic()
    lock = waiter.lock("py-wait", wait_timeout_seconds=1)
    assert time.monotonic() - start > 0.95
    assert not lock and lock.key == "", lock.key
    expect_raises(RuntimeError, lock.unlock)


def try_lock():
    holder, other = Client(address), Client(address)
    assert holder.try_lock("py-try")
    assert not other.try_lock("py-try")


def contexts():
    client, other = Client(address), Client(address)
    with client.lock_context("py-context") as lock:
        assert lock
        with other.try_lock_context("py-context") as none:
            assert not none
    with other.try_lock_context("py-context") as lock:
        assert lock
    try:
        with client.lock_context("py-context"):
            raise KeyError("of the body")
    except KeyError:
        pass
    assert other.try_lock("py-context")


def renew():
    client, other = Client(address, auto_renew_locks=False), Client(address)
    lock = client.lock("py-renew", lock_timeout_seconds=1)
    lock.renew(3)
    assert lock.locked
    time.sleep(2)
    assert not other.try_lock("py-renew")
    assert client.renew("py-renew", lock.key, 1).locked
    time.sleep(1.5)
    assert other.try_lock("py-renew")
    error = expect_raises(exceptions.LockDoesNotExistOrInvalidKeyError, lock.renew, 5)
    assert error.message == "lock does not exist or invalid key", error.message


def auto_renew():
    Client.min_renew_interval_seconds = 1
    client, other = Client(address), Client(address)
    lock = client.lock("py-auto", lock_timeout_seconds=2)
    time.sleep(4)
    assert not other.try_lock("py-auto")
    lock.unlock()
    assert other.try_lock("py-auto")


def lock_timeout():
    client, other = Client(address, auto_renew_locks=False), Client(address)
    assert client.lock("py-timeout", lock_timeout_seconds=1)
    start = time.monotonic()
    assert other.lock("py-timeout")
    assert 0.8 < time.monotonic() - start < 2
    assert Client(address, auto_renew_locks=False, lock_timeout_seconds=1).lock("py-default")
    time.sleep(1.4)
    assert other.try_lock("py-default")
    error = expect_raises(exceptions.LDLMError, client.lock, "py-negative", lock_timeout_seconds=-1)
    assert error.message == "lock timeout must be greater than 0", error.message


def size():
    clients = [Client(address) for _ in range(3)]
    assert [client.try_lock("py-size", size=2).locked for client in clients] == [True, True, False]
    error = expect_raises(exceptions.LockSizeMismatchError, clients[0].try_lock, "py-size", size=3)
    assert error.message == "lock size mismatch", error.message


def waiting():
    """Waiters in several threads get the lock in turn."""
    count, most, order = 0, 0, []
    mutex = threading.Lock()

    def work(number):
        nonlocal count, most
        client = Client(address)
        with client.lock_context("py-waiting"):
            with mutex:
                count += 1
                most = max(most, count)
            time.sleep(0.02)
            with mutex:
                count -= 1
                order.append(number)
        client.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and sorted(order) == list(range(8)), (most, order)


def hold():
    client = Client(address)
    assert client.lock("py-disconnect")
    print("held", flush=True)
    time.sleep(60)


def disconnect():
    """The clients of one process share a connection, so the holder is another process."""
    holder = subprocess.Popen([sys.executable, __file__, "hold", address, tls_folder], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    client = Client(address)
    assert not client.try_lock("py-disconnect")
    threading.Timer(0.3, holder.kill).start()
    start = time.monotonic()
    assert client.lock("py-disconnect", wait_timeout_seconds=10)
    assert 0.2 < time.monotonic() - start < 5


def password():
    assert Client(address, password="secret").lock("py-password")
    for wrong, details in ((None, "missing credentials"), ("Secret", "invalid credentials")):
        client = Client(address, password=wrong, retries=0)
        error = expect_raises(grpc.RpcError, client.lock, "py-password")
        assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
        assert error.details() == details, error


def tls():
    assert Client(address, tls=TLSConfig(ca_file=f"{tls_folder}/ca.pem")).lock("py-tls")
    error = expect_raises(grpc.RpcError, Client(address, retries=0).lock, "py-tls")
    assert error.code() == grpc.StatusCode.UNAVAILABLE, error


def mutual_tls():
    def config(name):
        return TLSConfig(
            ca_file=f"{tls_folder}/ca.pem",
            cert_file=f"{tls_folder}/{name}.pem",
            key_file=f"{tls_folder}/{name}-key.pem",
        )

    assert Client(address, tls=config("client")).lock("py-mutual")
    for refused in (config("foreign-client"), TLSConfig(ca_file=f"{tls_folder}/ca.pem")):
        error = expect_raises(grpc.RpcError, Client(address, tls=refused, retries=0).lock, "py-mutual")
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error


globals()[sys.argv[1]]()
print("done", flush=True)
# The threads that renew locks are no daemons: the program would not end by itself.
os._exit(0)
