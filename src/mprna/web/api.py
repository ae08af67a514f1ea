"""The routes of the API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Body, Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mprna import __version__
from mprna.web.admission import Admission
from mprna.web.answers import (
    DegradeAnswer,
    DesignAnswer,
    EmbedAnswer,
    Example,
    FoldAnswer,
    HealthAnswer,
    JobAnswer,
    ModelAnswer,
    Problem,
    RepairAnswer,
    ScanAnswer,
    StructureAnswer,
    VersionAnswer,
)
from mprna.web.jobs import Job, JobQueue
from mprna.web.limits import Limits
from mprna.web.metrics import MEDIA_TYPE, Metrics
from mprna.web.problems import ApiError
from mprna.web.request_log import FACTS
from mprna.web.requests import (
    ConvertRequest,
    DegradeRequest,
    DesignRequest,
    EmbedRequest,
    FoldRequest,
    JobRequest,
    RepairRequest,
    ScanRequest,
    StructureRequest,
)
from mprna.web.rows import file_of, rows_in_order
from mprna.web.tasks import RowTask
from mprna.web.verbs import VERBS, convert_task, structure_task
from mprna.web.workers import WorkerPool

T = TypeVar("T")

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"

_PIECE: Final = 1 << 16
"""Bytes of an answer that are sent at a time."""

_MEDIA_TYPES: Final = {
    "vienna": "text/plain",
    "dbn": "text/plain",
    "ct": "text/plain",
    "bpseq": "text/plain",
    "tsv": "text/tab-separated-values",
    "jsonl": NDJSON,
    "svg": "image/svg+xml",
    "png": "image/png",
}
_BAD_HOST: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "Not for this host"}
}
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Problem, "description": "No JSON, or not for this host"},
    413: {"model": Problem, "description": "More than this service takes"},
    422: {"model": Problem, "description": "Not what was expected"},
    429: {"model": Problem, "description": "Too much of yours is going on; see Retry-After"},
    503: {"model": Problem, "description": "Too much is going on; see Retry-After"},
}
_BUSY: Final[dict[int | str, dict[str, Any]]] = {status: _PROBLEMS[status] for status in (429, 503)}
_NO_JOB: Final[dict[int | str, dict[str, Any]]] = {404: {"model": Problem, "description": "No such job"}}
_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": f"With `Accept: {NDJSON}` one row a line, in the order of the records, as they finish",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file",
        "content": {name: {"schema": {"type": "string"}} for name in sorted(set(_MEDIA_TYPES.values()))},
    }
}


@dataclass(frozen=True, slots=True)
class Service:
    """All that requests work with."""

    limits: Limits
    pool: WorkerPool
    jobs: JobQueue
    admission: Admission
    metrics: Metrics
    version: VersionAnswer
    models: list[ModelAnswer]
    examples: list[Example]


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(_service)]

asking = APIRouter(prefix="/api", responses=_PROBLEMS)
looking = APIRouter(prefix="/api", responses=_BAD_HOST)
watch = APIRouter(include_in_schema=False)


@asking.post("/fold", response_model=FoldAnswer, responses=_STREAM, tags=["verbs"])
async def fold(body: FoldRequest, request: Request, service: ServiceOf) -> Response:
    """Sequences to structures, as `mprna fold`."""
    return await _answer("fold", body, request, service)


@asking.post("/embed", response_model=EmbedAnswer, responses=_STREAM, tags=["verbs"])
async def embed(body: EmbedRequest, request: Request, service: ServiceOf) -> Response:
    """Sequences to vectors, as `mprna embed`."""
    return await _answer("embed", body, request, service)


@asking.post("/degrade", response_model=DegradeAnswer, responses=_STREAM, tags=["verbs"])
async def degrade(body: DegradeRequest, request: Request, service: ServiceOf) -> Response:
    """Reactivity and degradation of every nucleotide, as `mprna degrade`."""
    return await _answer("degrade", body, request, service)


@asking.post("/scan", response_model=ScanAnswer, responses=_STREAM, tags=["verbs"])
async def scan(body: ScanRequest, request: Request, service: ServiceOf) -> Response:
    """What variants do, as `mprna scan`; of a long RNA better as a job."""
    return await _answer("scan", body, request, service)


@asking.post("/repair", response_model=RepairAnswer, responses=_STREAM, tags=["verbs"])
async def repair(body: RepairRequest, request: Request, service: ServiceOf) -> Response:
    """Substitutions found and `N` filled, as `mprna repair`."""
    return await _answer("repair", body, request, service)


@asking.post("/design", response_model=DesignAnswer, responses=_STREAM, tags=["verbs"])
async def design(body: DesignRequest, request: Request, service: ServiceOf) -> Response:
    """Sequences for a structure, as `mprna design`; a longer search is a job."""
    if body.budget_s > service.limits.max_waited_budget:
        message = f"up to {service.limits.max_waited_budget:g} s here; for more ask for a job"
        raise ApiError(422, "invalid", message, "budget_s")
    return await _answer("design", body, request, service)


@asking.post("/structure", response_model=StructureAnswer, tags=["structures"])
async def structure(body: StructureRequest, request: Request, service: ServiceOf) -> Response:
    """Energy, pairs and layout of a structure of yours."""
    with service.admission.admitted(_client(request)):
        work = file_of(service.pool, structure_task(body, service.limits), seconds=service.limits.max_seconds)
        return Response(await _unless_gone(request, work), media_type=JSON)


@asking.post("/convert", response_class=Response, responses=_FILE, tags=["structures"])
async def convert(body: ConvertRequest, request: Request, service: ServiceOf) -> Response:
    """A record as a file."""
    with service.admission.admitted(_client(request)):
        work = file_of(service.pool, convert_task(body, service.limits), seconds=service.limits.max_seconds)
        content = await _unless_gone(request, work)
    name = f"{_file_stem(body.record.id)}.{body.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=_MEDIA_TYPES[body.format], headers=headers)


@asking.post("/jobs", status_code=202, response_model=JobAnswer, tags=["jobs"])
async def submit_job(body: Annotated[JobRequest, Body()], request: Request, service: ServiceOf) -> Response:
    """Ask for work that takes long; its state is under the `id` of the answer."""
    tasks = _tasks(body.verb, body.request, request, service)
    seconds = _seconds(body.request, service.limits)
    job = service.jobs.submit(body.verb, tasks, seconds=seconds, client=_client(request))
    return Response(_job_json(job), 202, media_type=JSON)


@looking.get("/jobs/{job_id}", response_model=JobAnswer, responses=_NO_JOB | _BUSY, tags=["jobs"])
async def get_job(job_id: str, request: Request, service: ServiceOf) -> Response:
    """State of a job, and its result when it is done."""
    return _job_answer(service.jobs.get(job_id), request, service)


@looking.delete("/jobs/{job_id}", response_model=JobAnswer, responses=_NO_JOB | _BUSY, tags=["jobs"])
async def cancel_job(job_id: str, request: Request, service: ServiceOf) -> Response:
    """Stop a job."""
    return _job_answer(service.jobs.cancel(job_id), request, service)


@looking.get("/health", tags=["service"])
async def health(service: ServiceOf) -> HealthAnswer:
    """Whether the service works."""
    pool = service.pool
    return HealthAnswer(
        status="ok",
        workers=pool.num_workers,
        busy=pool.num_busy,
        waiting=pool.num_waiting,
        jobs=service.jobs.num_unfinished,
    )


@looking.get("/version", tags=["service"])
async def version(service: ServiceOf) -> VersionAnswer:
    """Versions and limits."""
    return service.version


@looking.get("/models", tags=["service"])
async def models(service: ServiceOf) -> list[ModelAnswer]:
    """Installed models, with their cards."""
    return service.models


@looking.get("/examples", tags=["service"])
async def examples(service: ServiceOf) -> list[Example]:
    """Well-known RNAs with their known structures."""
    return service.examples


@watch.get("/metrics")
async def metrics(service: ServiceOf) -> Response:
    """For Prometheus."""
    return Response(service.metrics.text(), media_type=MEDIA_TYPE)


async def _answer(verb: str, body: Any, request: Request, service: Service) -> Response:
    """Rows as one document, or one a line as they come."""
    tasks = _tasks(verb, body, request, service)
    seconds = _seconds(body, service.limits)
    client = _client(request)
    if NDJSON in request.headers.get("accept", ""):
        lines = _lines(_rows(service, tasks, seconds))
        return _Stream(lines, service.admission.admitted(client), NDJSON)
    with ExitStack() as stack:
        stack.enter_context(service.admission.admitted(client))
        rows = await _unless_gone(request, _all_rows(service, tasks, seconds))
        return _Stream(_in_pieces(_document(rows)), stack.pop_all(), JSON)


def _tasks(verb: str, body: Any, request: Request, service: Service) -> Sequence[RowTask]:
    tasks = VERBS[verb](body, service.limits)
    service.metrics.tasks.labels(verb).inc(len(tasks))
    request.scope[FACTS] = {"verb": verb, "records": len(tasks)}
    return tasks


class _Stream(StreamingResponse):
    """Sent piece by piece; counted until the last one is sent, or nobody reads any more."""

    def __init__(
        self, pieces: AsyncIterator[bytes], admitted: AbstractContextManager[Any], media_type: str
    ) -> None:
        super().__init__(pieces, media_type=media_type)
        self._admitted = admitted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._admitted:
            await super().__call__(scope, receive, send)


async def _in_pieces(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Pieces of about `_PIECE`, of which each is sent before the next is made."""
    gathered: list[bytes] = []
    size = 0
    for part in parts:
        for start in range(0, len(part), _PIECE):
            gathered.append(part[start : start + _PIECE])
            size += len(gathered[-1])
            if size >= _PIECE:
                yield b"".join(gathered)
                gathered, size = [], 0
    yield b"".join(gathered)


async def _lines(rows: AsyncIterator[list[bytes]]) -> AsyncIterator[bytes]:
    async for some in rows:
        yield b"".join(row + b"\n" for row in some)


async def _all_rows(service: Service, tasks: Sequence[RowTask], seconds: float) -> list[bytes]:
    return [row async for rows in _rows(service, tasks, seconds) for row in rows]


def _rows(service: Service, tasks: Sequence[RowTask], seconds: float) -> AsyncIterator[list[bytes]]:
    return rows_in_order(service.pool, tasks, width=2 * service.limits.workers, seconds=seconds)


def _seconds(body: Any, limits: Limits) -> float:
    """Longest time for one task; the budget of a design does not hold its certificate."""
    return limits.max_seconds + getattr(body, "budget_s", 0.0)


def _document(rows: Sequence[bytes]) -> Iterator[bytes]:
    yield b'{"version":"%s","records":[' % __version__.encode()
    for number, row in enumerate(rows):
        yield b"," + row if number else row
    yield b"]}"


def _job_answer(job: Job, request: Request, service: Service) -> Response:
    if job.status != "done":
        return Response(_job_json(job), media_type=JSON)
    parts = chain([_job_json(job).removesuffix(b"null}")], _document(job.rows), [b"}"])
    return _Stream(_in_pieces(parts), service.admission.admitted(_client(request)), JSON)


def _job_json(job: Job) -> bytes:
    """A job without its result."""
    answer = JobAnswer(
        id=job.id, verb=job.verb, status=job.status, done=job.done, total=job.total, error=job.error
    )
    return answer.model_dump_json(exclude={"result"}).encode()[:-1] + b',"result":null}'


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of the work, which ends when the client hangs up."""
    working, gone = asyncio.create_task(work), asyncio.create_task(_hangs_up(request))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ApiError(400, "client_closed", "the client closed the connection")
        return working.result()
    finally:
        working.cancel()
        gone.cancel()


async def _hangs_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _file_stem(name: str) -> str:
    """A safe file name.

    >>> [_file_stem(name) for name in ("tRNA Phe", "../../etc/passwd", "")]
    ['tRNA_Phe', 'etc_passwd', 'rna']
    """
    return re.sub(r"[^A-Za-z0-9+-]+", "_", name).strip("_")[:80] or "rna"
