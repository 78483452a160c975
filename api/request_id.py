"""`X-Request-ID`: what a caller names its request by, so that two logs can be joined."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from api.origin import REQUEST_ID


def echo_request_id(request: Request, response: Response) -> Response:
    """The response with the request's id, on success and failure alike.

    An id with other characters than visible ASCII, or a long one, is left out and refuses nothing: it could
    break a header or a log line, and a login must not fail for its label.
    """
    request_id = request.headers.get("x-request-id")
    if request_id is not None and REQUEST_ID.fullmatch(request_id):
        response.headers["X-Request-ID"] = request_id
    return response
