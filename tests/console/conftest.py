from __future__ import annotations

from tests.console.browser import browser

__all__ = ["browser"]
