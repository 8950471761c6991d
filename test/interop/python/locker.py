"""Takes and gives back locks with LDLM's client, as the lines on stdin say; answers each with a line."""

import json
import sys

from ldlm import Client, exceptions

client = Client(sys.argv[1])
for line in sys.stdin:
    request = json.loads(line)
    call = getattr(client, request.pop("call"))
    try:
        lock = call(**request)
        answer = {"locked": lock.locked, "key": lock.key} if lock is not None else {}
    except (exceptions.LDLMError, exceptions.InvalidLockKeyError, exceptions.LockDoesNotExistError) as error:
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
client.close()
