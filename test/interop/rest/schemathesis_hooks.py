"""Keeps waits short, and deadlines long.

A lock that the same run took elsewhere would be waited for without end, and a deadline of nothing is answered with 504,
as it has to be, which schemathesis takes for an error of the server.
"""

import re

import schemathesis

WAITS = ("wait_timeout_seconds", "waitTimeoutSeconds", "wait_timeout_ms", "waitTimeoutMs")
DEADLINE = re.compile(r"[0-9]{1,8}[HMSmun]")


@schemathesis.hook
def before_call(context, case, kwargs):
    deadline = case.headers.get("Grpc-Timeout") if case.headers else None
    if isinstance(deadline, str) and DEADLINE.fullmatch(deadline):
        case.headers["Grpc-Timeout"] = "60S"
    body = case.body
    if case.operation.path == "/v1/lock/wait" and isinstance(body, dict):
        if case.meta is None or case.meta.generation.mode.is_positive:
            case.body = {name: value for name, value in body.items() if name not in WAITS}
            case.body["wait_timeout_ms"] = 20
