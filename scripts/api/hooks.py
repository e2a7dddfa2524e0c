"""What schemathesis is told beside the descriptions: bodies that are bytes, and a request that would wait."""

import schemathesis
from hypothesis import strategies

BYTES = ["application/offset+octet-stream", "image/jpeg", "image/png", "image/webp"]
for media_type in BYTES:
    schemathesis.openapi.media_type(media_type, strategies.binary(max_size=1024))


@schemathesis.hook
def before_call(context, case, kwargs):
    """A worker that asks for jobs may wait for a minute; that is tested elsewhere."""
    if case.operation.path == "/v1/jobs/lease" and isinstance(case.body, dict):
        wait = case.body.get("wait_seconds")
        if isinstance(wait, int) and not isinstance(wait, bool) and 0 < wait <= 60:
            case.body["wait_seconds"] = 0
