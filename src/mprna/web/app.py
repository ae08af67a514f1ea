"""The application: routes, guards, and what they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from mprna import __version__
from mprna.errors import MprnaError
from mprna.runtime.store import list_models
from mprna.web import api, problems
from mprna.web.admission import Admission
from mprna.web.answers import ModelAnswer, VersionAnswer
from mprna.web.examples import read_examples
from mprna.web.jobs import JobQueue
from mprna.web.limits import Limits
from mprna.web.metrics import Metrics
from mprna.web.request_log import RequestLog
from mprna.web.security import BodyLimit, HostCheck, SecurityHeaders
from mprna.web.static_files import INDEX, StaticFiles
from mprna.web.workers import WorkerPool

ANY_HOST = ("*",)


class _App(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """Without the 422 that FastAPI lists for any parameter: every text may be the id of a job."""
        document = super().openapi()
        for operation in document["paths"]["/api/jobs/{job_id}"].values():
            operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(name, None)
        return document


def make_app(limits: Limits | None = None, *, allowed_hosts: Collection[str] = ANY_HOST) -> FastAPI:
    """The page and the API as an ASGI application; its workers start and end with it.

    Args:
        limits: of requests and clients.
        allowed_hosts: names under which it answers.
    """
    limits, metrics = limits or Limits(), Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool = WorkerPool(limits.workers, on_restart=metrics.restarts.inc)
        app.state.service = service = _make_service(limits, metrics, pool)
        try:
            await pool.start()
            yield
        except MprnaError as error:
            app.state.failure = error
            raise
        finally:
            await service.jobs.close()
            await pool.close()

    app = _App(
        title="MP-RNA",
        version=__version__,
        description="Fold, embed and design RNA. Positions are 1-based. The numbers are those of `mprna`.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    for router in (api.asking, api.looking, api.watch):
        app.include_router(router)
    _add_page(app)
    problems.add_handlers(app)
    # The last that is added is asked first: what `RequestLog` answers itself has the headers too.
    app.add_middleware(BodyLimit, max_bytes=limits.max_body, max_held=limits.max_held_bodies)
    app.add_middleware(HostCheck, allowed=allowed_hosts)
    app.add_middleware(RequestLog, metrics=metrics)
    app.add_middleware(SecurityHeaders)
    return app


def _make_service(limits: Limits, metrics: Metrics, pool: WorkerPool) -> api.Service:
    jobs = JobQueue(pool, limits)
    metrics.watch(pool, jobs)
    return api.Service(
        limits=limits,
        pool=pool,
        jobs=jobs,
        admission=Admission(limits.max_requests, limits.max_requests_per_client, "requests"),
        metrics=metrics,
        version=VersionAnswer(version=__version__, vienna=version("ViennaRNA"), limits=asdict(limits)),
        models=[
            ModelAnswer(
                name=info.name,
                kind=info.kind,
                bytes=info.num_bytes,
                max_length=info.max_length,
                card=info.card,
            )
            for info in list_models()
        ],
        examples=read_examples(),
    )


def _add_page(app: FastAPI) -> None:
    files = StaticFiles()

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request) -> Response:
        return files.response(INDEX, request)

    @app.api_route("/static/{name:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        return files.response(name, request)
