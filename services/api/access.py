"""Who may ask: whoever has the bearer token, where one is configured."""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Annotated

from fastapi import HTTPException, Security, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

BEARER = HTTPBearer(auto_error=False, description="The token of the configuration's api section.")


def token_required(token: str) -> Callable[[HTTPAuthorizationCredentials | None], Awaitable[None]]:
    """A dependency that answers 401 to any other token, and takes equally long whatever is right about it."""
    expected = token.encode()

    # Not in a thread: there it would wait behind the requests that wait for the database.
    async def check(given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]) -> None:
        if given is None or not compare_digest(given.credentials.encode(), expected):
            challenge = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "expected the API's bearer token", headers=challenge)

    return check
