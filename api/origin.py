"""How a caller names its own call: what two logs are joined by, and the trace that a login is part of.

`X-Request-ID` is a label. `traceparent` is that of W3C Trace Context (level 1, section 3.2). What is not well-formed is
left out and refuses nothing: a login must not fail for its label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.models import Origin

REQUEST_ID = re.compile(r"[\x21-\x7e]{1,200}")
# A version from the future may have more behind it; this one ends here, and `ff` is none. Ids of zeros are none.
TRACEPARENT = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})"
    r"-(?P<trace_id>(?!0{32})[0-9a-f]{32})"
    r"-(?P<span_id>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-[!-~]{0,400})?"
)


def origin_of(headers: Mapping[str, str]) -> Origin | None:
    """Of headers by names in lower case; None where the call has no name."""
    request_id, traceparent = headers.get("x-request-id"), headers.get("traceparent")
    if request_id is None and traceparent is None:
        return None
    if request_id is not None and not REQUEST_ID.fullmatch(request_id):
        request_id = None
    found = None if traceparent is None else TRACEPARENT.fullmatch(traceparent)
    if found is None or (found["version"] == "00" and found["more"] is not None):
        return None if request_id is None else Origin(request_id=request_id)
    return Origin(
        request_id=request_id,
        trace_id=found["trace_id"],
        span_id=found["span_id"],
        sampled=bool(int(found["flags"], 16) & 1),
    )
