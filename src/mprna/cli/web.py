"""`mprna web`: the page and the API."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import threading
from typing import Final

from mprna.cli.options import example, positive_int
from mprna.cores import available_cores
from mprna.errors import MissingExtraError

DESCRIPTION: Final = """\
Open the page, and answer under /api, until Ctrl-C. Only this computer is let in unless --host says otherwise;
there are no accounts, so put a proxy that asks who it is before a service that others reach. Needs the extra
"web". The address is printed when the service answers; log lines, on standard error, are JSON and hold no
sequences."""

NAMES: Final = {
    "workers": "workers",
    "max_length": "max_length",
    "max_records": "max_records",
    "time_limit": "max_seconds",
}
"""Options, and the bounds in `web.limits` that they set."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "web",
        help="a page in the browser, and a REST API",
        description=DESCRIPTION,
        epilog=example("mprna web --open", "mprna web --host 0.0.0.0 --name rna.example.org --workers 8"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="[%(default)s]")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one [%(default)s]")
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="host name under which it answers, beside those of this computer; may be repeated "
        "[none; any with --host]",
    )
    parser.add_argument(
        "--workers", type=positive_int, metavar="N", help="processes that fold [cores, 2 to 8]"
    )
    parser.add_argument("--max-length", type=positive_int, metavar="NT", help="longest sequence [3000]")
    parser.add_argument("--max-records", type=positive_int, metavar="N", help="of one request [500]")
    parser.add_argument("--time-limit", type=positive_int, metavar="SECONDS", help="of one record [300]")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--quiet", action="store_true", help="log errors only")


def run(args: argparse.Namespace) -> int:
    try:
        from mprna.web.server import LOOPBACK, serve
    except ModuleNotFoundError as error:
        raise MissingExtraError("mprna web", "web") from error
    from mprna.web.limits import Limits

    chosen = {field: getattr(args, name) for name, field in NAMES.items() if getattr(args, name) is not None}
    limits = dataclasses.replace(Limits(workers=min(max(available_cores(), 2), 8)), **chosen)

    def announce(url: str) -> None:
        print(url, flush=True)
        if args.open:
            import webbrowser

            # Browsers of the terminal have this call wait for them, and they wait for the service.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    if args.host not in LOOPBACK:
        print("mprna: others can reach this service, and it asks nobody who they are", file=sys.stderr)
    serve(limits, host=args.host, port=args.port, hosts=args.name, quiet=args.quiet, on_start=announce)
    return 0
