"""What py-ldlm's AsyncClient does with this server: python async_client.py SCENARIO ADDRESS TLS_FOLDER"""

import asyncio
import os
import sys
import time

import grpc
from ldlm import AsyncClient, TLSConfig, exceptions

address, tls_folder = sys.argv[2:]


async def expect_raises(error, awaitable):
    try:
        await awaitable
    except error as raised:
        return raised
    raise AssertionError(f"{error.__name__} was not raised")


async def lock():
    client = AsyncClient(address)
    lock = await client.lock("aio-lock")
    assert lock and lock.locked and lock.name == "aio-lock" and len(lock.key) == 36, lock.key
    await lock.unlock()
    error = await expect_raises(exceptions.InvalidLockKeyError, client.unlock("aio-lock", lock.key))
    assert error.message == "invalid lock key", error.message
    error = await expect_raises(exceptions.LockDoesNotExistError, client.unlock("aio-unknown", "key"))
    assert error.message == "a lock by that name does not exist", error.message


async def wait_timeout():
    holder, waiter = AsyncClient(address), AsyncClient(address)
    assert await holder.lock("aio-wait")
    start = time.monotonic()
    lock = await waiter.lock("aio-wait", wait_timeout_seconds=1)
    assert time.monotonic() - start > 0.95
    assert not lock and lock.key == "", lock.key


async def try_lock():
    holder, other = AsyncClient(address), AsyncClient(address)
    assert await holder.try_lock("aio-try")
    assert not await other.try_lock("aio-try")


async def contexts():
    client, other = AsyncClient(address), AsyncClient(address)
    async with client.lock_context("aio-context") as lock:
        assert lock
        async with other.try_lock_context("aio-context") as none:
            assert not none
    async with other.try_lock_context("aio-context") as lock:
        assert lock


async def renew():
    client, other = AsyncClient(address, auto_renew_locks=False), AsyncClient(address)
    lock = await client.lock("aio-renew", lock_timeout_seconds=1)
    await lock.renew(3)
    await asyncio.sleep(2)
    assert not await other.try_lock("aio-renew")
    assert (await client.renew("aio-renew", lock.key, 1)).locked
    await asyncio.sleep(1.5)
    assert await other.try_lock("aio-renew")
    await expect_raises(exceptions.LockDoesNotExistOrInvalidKeyError, lock.renew(5))


async def auto_renew():
    AsyncClient.min_renew_interval_seconds = 1
    client, other = AsyncClient(address, lock_timeout_seconds=2), AsyncClient(address)
    lock = await client.lock("aio-auto")
    await asyncio.sleep(4)
    assert not await other.try_lock("aio-auto")
    await lock.unlock()
    assert await other.try_lock("aio-auto")


async def size():
    clients = [AsyncClient(address) for _ in range(3)]
    locks = [await client.try_lock("aio-size", size=2) for client in clients]
    assert [lock.locked for lock in locks] == [True, True, False]
    await expect_raises(exceptions.LockSizeMismatchError, clients[0].try_lock("aio-size", size=3))


async def waiting():
    """A hundred waiters on one connection get the lock in turn, in the order in which they asked."""
    client = AsyncClient(address)
    order = []

    async def work(number):
        async with client.lock_context("aio-waiting"):
            order.append(number)

    held = await client.lock("aio-waiting")
    tasks = [asyncio.create_task(work(number)) for number in range(100)]
    await asyncio.sleep(0.3)
    await held.unlock()
    await asyncio.gather(*tasks)
    assert order == list(range(100)), order


async def cancel():
    """A cancelled waiter leaves the queue."""
    holder, waiter = AsyncClient(address), AsyncClient(address)
    held = await holder.lock("aio-cancel")
    task = asyncio.create_task(waiter.lock("aio-cancel"))
    await asyncio.sleep(0.2)
    task.cancel()
    await expect_raises(asyncio.CancelledError, task)
    await asyncio.sleep(0.2)
    await held.unlock()
    assert await holder.try_lock("aio-cancel")


async def hold():
    client = AsyncClient(address)
    assert await client.lock("aio-disconnect")
    print("held", flush=True)
    await asyncio.sleep(60)


async def disconnect():
    """The clients of one process share a connection, so the holder is another process."""
    command = [sys.executable, __file__, "hold", address, tls_folder]
    holder = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert await holder.stdout.readline() == b"held\n"
    client = AsyncClient(address)
    task = asyncio.create_task(client.lock("aio-disconnect"))
    await asyncio.sleep(0.3)
    assert not task.done()
    holder.kill()
    assert await asyncio.wait_for(task, 5)


async def password():
    assert await AsyncClient(address, password="secret").lock("aio-password")
    for wrong, details in ((None, "missing credentials"), ("Secret", "invalid credentials")):
        error = await expect_raises(grpc.aio.AioRpcError, AsyncClient(address, password=wrong).lock("aio-password"))
        assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
        assert error.details() == details, error


async def tls():
    assert await AsyncClient(address, tls=TLSConfig(ca_file=f"{tls_folder}/ca.pem")).lock("aio-tls")


async def mutual_tls():
    def config(name):
        return TLSConfig(
            ca_file=f"{tls_folder}/ca.pem",
            cert_file=f"{tls_folder}/{name}.pem",
            key_file=f"{tls_folder}/{name}-key.pem",
        )

    assert await AsyncClient(address, tls=config("client")).lock("aio-mutual")
    foreign = AsyncClient(address, tls=config("foreign-client"))
    error = await expect_raises(grpc.aio.AioRpcError, foreign.lock("aio-mutual"))
    assert error.code() == grpc.StatusCode.UNAVAILABLE, error


asyncio.run(globals()[sys.argv[1]]())
print("done", flush=True)
# The threads that renew locks are no daemons: the program would not end by itself.
os._exit(0)
