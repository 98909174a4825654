"""What Salesforce said while somebody waited for it, as the answer to that somebody."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.core.errors import InvalidInput, ScratcherError, Unavailable
from apps.salesforce.errors import SalesforceError


@contextmanager
def telling() -> Iterator[None]:
    """Raises Salesforce's refusals as InvalidInput (400), since what was given does not work, and what may pass by
    itself as Unavailable (503). Code and sentence stay."""
    try:
        yield
    except SalesforceError as error:
        answer: type[ScratcherError] = InvalidInput if error.permanent else Unavailable
        raise answer(str(error), code=error.code) from error
