"""A hook of mkdocs: tutorials link to `../page.md`, which mkdocs turns into pages in Markdown files only."""

from __future__ import annotations

import re
from typing import Any


def on_page_content(html: str, *, page: Any, **_: Any) -> str:
    """The HTML of a page; in a tutorial, links to Markdown files lead to the pages made from them."""
    if not page.file.src_uri.startswith("tutorials/"):
        return html
    return re.sub(r'(href="\.\./[\w-]+)\.md(?=["#])', r"\1.html", html)
