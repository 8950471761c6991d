"""Keeps waits short: a lock that the same run took elsewhere would be waited for without end."""

import schemathesis

WAITS = ("wait_timeout_seconds", "waitTimeoutSeconds", "wait_timeout_ms", "waitTimeoutMs")


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if case.operation.path == "/v1/lock/wait" and isinstance(body, dict):
        if case.meta is None or case.meta.generation.mode.is_positive:
            case.body = {name: value for name, value in body.items() if name not in WAITS}
            case.body["wait_timeout_ms"] = 20
