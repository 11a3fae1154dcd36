"""What the exchange is known to answer wrongly; the tables may only shrink.

A violation that is not listed fails the tests, and so does a listed one that is gone.
"""

from __future__ import annotations

UNPARSED: set[str] = set()
"""SDK operations of which some answer cannot be parsed."""

NOT_501: set[str] = set()
"""Published operations that are not served, and do not say so."""

OPENAPI: set[str] = set()
"""Requests and answers that are not as the OpenAPI document has them."""

ASYNCAPI: set[str] = set()
"""Messages that are not as the AsyncAPI document has them."""
