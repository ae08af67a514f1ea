"""The page's files, read once at the start: a request chooses among them and never names a path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePath
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from mprna.web.problems import ApiError

INDEX: Final = "index.html"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file in memory."""

    content: bytes
    media_type: str
    tag: str
    """Hash of the content, compared with `If-None-Match`."""


class StaticFiles:
    """All files below `mprna/web/static`."""

    def __init__(self) -> None:
        self.files = dict(_read(resources.files("mprna.web") / "static", ""))

    def response(self, name: str, request: Request) -> Response:
        """The file, or that the client has it already.

        Raises:
            ApiError: no such file.
        """
        if name not in self.files:
            raise ApiError(404, "not_found", "no such file")
        file = self.files[name]
        headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)


def _read(directory: Traversable, prefix: str) -> list[tuple[str, StaticFile]]:
    found = []
    for entry in directory.iterdir():
        if entry.is_dir():
            found += _read(entry, f"{prefix}{entry.name}/")
        else:
            content = entry.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            found.append((prefix + entry.name, StaticFile(content, _TYPES[PurePath(entry.name).suffix], tag)))
    return found
