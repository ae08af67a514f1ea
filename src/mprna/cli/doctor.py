"""`mprna doctor`: whether this installation works."""

from __future__ import annotations

import argparse


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="check this installation",
        description="Versions, cores, extras, the files of every model, and one fold with each engine. The "
        "exit status is 1 if something is broken.",
        epilog="example: mprna doctor",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from mprna.predict.doctor import examine

    healthy = True
    for finding in examine():
        print(f"{_MARKS[finding.state]:7} {finding.name:22} {finding.detail}")
        healthy = healthy and finding.state != "broken"
    return 0 if healthy else 1


_MARKS = {"fine": "ok", "absent": "-", "broken": "BROKEN"}
