"""`mprna models`: what is installed, and models in and out."""

from __future__ import annotations

import argparse
import json
from importlib.util import find_spec
from pathlib import Path

from mprna.cli.options import example
from mprna.digest import file_sha256
from mprna.errors import MissingExtraError, UsageError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "models",
        help="list, show, import, export and download models",
        description="List, show, import, export and download models.",
        epilog=example("mprna models list"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_list(actions)
    _add_show(actions)
    _add_export(actions)
    _add_import(actions)
    _add_get(actions)


def _add_list(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "list",
        help="names, sizes and places of installed models",
        description="Name, size, longest sequence that the network takes at once (verbs read longer ones in "
        "windows) and place of each installed model, tab-separated.",
        epilog="example: mprna models list",
    )
    parser.set_defaults(run=_list)


def _add_show(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "show",
        help="configuration and model card of a model, after checking its files",
        description="Check the files of a model, then print its configuration and its model card.",
        epilog="example: mprna models show mini",
    )
    parser.add_argument("model", metavar="NAME", help="installed name, or a model directory")
    parser.set_defaults(run=_show)


def _add_export(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "export",
        help="a checkpoint for ONNX Runtime, or for transformers (needs the extra [train])",
        description="Write a checkpoint as a model directory: float16 weights and an ONNX graph over them.",
        epilog=example(
            "mprna models export runs/mini --out my-model",
            "mprna models export runs/mini --checkpoint best --out my-model",
            "mprna models export mini --to transformers --out hf-mini",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="NAME", help="run or model directory, or installed name")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="directory to write")
    parser.add_argument(
        "--to",
        choices=("onnx", "transformers"),
        default="onnx",
        help="transformers: a directory for AutoModelForMaskedLM [%(default)s]",
    )
    parser.add_argument(
        "--checkpoint",
        choices=("best", "last"),
        help="of a run of mprna pretrain, also one that is not finished: that of the lowest validation loss, "
        "or the newest (default: RUN/model, which a finished run writes at its last step)",
    )
    parser.set_defaults(run=_export)


def _add_import(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "import",
        help="install a Hugging Face or MP-RNA directory under a name (needs the extra [train])",
        description="Install a model in $MPRNA_HOME/models (default ~/.mprna/models): a checkpoint of this "
        "package, a published MP-RNA or OmniGenome checkpoint, or an EsmForMaskedLM with our vocabulary.",
        epilog="example: mprna models import downloads/MP-RNA --name mprna-52m",
    )
    parser.add_argument("source", type=Path, metavar="DIR", help="directory with config.json and weights")
    parser.add_argument("--name", required=True, help="what to call it")
    parser.set_defaults(run=_import)


def _add_get(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "get",
        help="install a model from a web server or a folder",
        description="Install a model in $MPRNA_HOME/models from the first mirror that has it intact. A "
        "mirror is a web server or folder with model directories by name, such as a copy of somebody's "
        "$MPRNA_HOME/models; every file is compared with the SHA-256 in the model's manifest.",
        epilog=example(
            "mprna models get mprna-52m --from https://example.org/models",
            "mprna models get lab-model --from /shared/models --sha256 DIGEST",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="what it is called there and here")
    parser.add_argument(
        "--from",
        dest="mirrors",
        action="append",
        metavar="MIRROR",
        help="URL or folder; may be repeated [$MPRNA_MIRRORS, separated by spaces]",
    )
    parser.add_argument(
        "--sha256",
        metavar="DIGEST",
        help="what the manifest must be: manifest_sha256 of mprna models show, from whoever made the model",
    )
    parser.set_defaults(run=_get)


def _list(args: argparse.Namespace) -> int:
    from mprna.runtime.store import list_models

    for info in list_models():
        print(info.name, f"{info.num_bytes / 1e6:.1f} MB", f"{info.max_length} nt", info.directory, sep="\t")
    return 0


def _show(args: argparse.Namespace) -> int:
    from mprna.runtime.store import MANIFEST, describe, find_model

    info = describe(find_model(args.model))
    shown = {"name": info.name, "kind": info.kind, "directory": str(info.directory)}
    if (info.directory / MANIFEST).exists():  # a training checkpoint has none
        shown["manifest_sha256"] = file_sha256(info.directory / MANIFEST)
    print(json.dumps(shown | info.config, indent=1))
    if info.card:
        print(f"\n{info.card}")
    return 0


def _export(args: argparse.Namespace) -> int:
    _check_extra("mprna models export")
    from mprna.runtime.export import export_model, export_transformers
    from mprna.runtime.store import locate_source

    export = export_model if args.to == "onnx" else export_transformers
    if args.checkpoint:
        from mprna.train.state import find_checkpoint

        source = find_checkpoint(Path(args.model), args.checkpoint)
    else:
        source = locate_source(args.model)
    export(source, args.out)
    print(args.out)
    return 0


def _import(args: argparse.Namespace) -> int:
    from mprna.runtime.store import is_plain, model_home

    if not is_plain(args.name):
        raise UsageError(f"--name {args.name!r}: expected a plain name, without slashes")
    _check_extra("mprna models import")
    from mprna.runtime.export import import_model

    import_model(args.source, model_home() / args.name)
    print(model_home() / args.name)
    return 0


def _get(args: argparse.Namespace) -> int:
    from mprna.runtime.mirror import get_model, mirrors_from_environment

    print(get_model(args.name, args.mirrors or mirrors_from_environment(), sha256=args.sha256))
    return 0


def _check_extra(feature: str) -> None:
    if any(find_spec(module) is None for module in ("torch", "onnx", "onnxscript")):
        raise MissingExtraError(feature, "train")
