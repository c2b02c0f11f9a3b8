"""The command line: parsing, exit status, and one place that prints. What commands do stands in `ui.commands`.

Exit status: 0 fine, 1 some input was refused or the action failed, 2 wrong usage, 130 stopped by Ctrl-C.
Nothing heavy is imported here, nor by commands that need no model.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

OK, FAILED, USAGE, STOPPED = 0, 1, 2, 130
KINDS = ("page", "picture", "moment")
RECIPES = ("auto", "careful", "balanced", "bold")
LOSSES = ("mnrl", "cached-mnrl", "triplet", "contrastive", "matryoshka")
FILE_KINDS = {"pdf": "page", "scan": "page", "image": "picture", "video": "moment"}  # names that people also use


def _common() -> argparse.ArgumentParser:
    """Options that stand before or after the command: no default, so that the later does not undo the earlier."""
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--library", metavar="DIR", help="the library's folder (else FOLIOSCOPE_LIBRARY, else yours)")
    common.add_argument("--json", action="store_true", help="print exactly one JSON value")
    return common


def _whole(text: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
    return number


def _count(text: str) -> int:
    return _whole(text, 1, 1000)


def _port(text: str) -> int:
    return _whole(text, 0, 65535)


def _kind(text: str) -> str:
    kind = FILE_KINDS.get(text, text)
    if kind not in KINDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(KINDS)}")
    return kind


def build_parser() -> argparse.ArgumentParser:
    common = _common()
    parser = argparse.ArgumentParser(
        prog="folioscope", description="Search your own PDFs, pictures and videos by what they show.", parents=[common]
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, parents=[common])

    _documents(command("add", "add files and folders"), command("list", "what is in the library"))
    _changes(command("remove", "into the bin (30 days), or erased"), command("restore", "out of the bin"))
    tag = command("tag", "a document's tags")
    tag.add_argument("document", metavar="DOCUMENT")
    tag.add_argument("--add", action="append", default=[], metavar="T")
    tag.add_argument("--remove", action="append", default=[], metavar="T")
    _search(command("search", "ask in plain words"))
    command("jobs", "long work")
    cancel = command("cancel", "stop a job")
    cancel.add_argument("job", type=int, metavar="JOB")
    _labels(
        command("label", "say whether an answer is right"), command("labels", "judgements from and to files"), common
    )
    _models(command("models", "the models, their cards, and new ones"), common)
    _versions(command("promote", "make a model the current one"), command("rollback", "go back to a model before it"))
    _train(command("train", "a new model from judgements, measured"))
    _eval(command("eval", "measure on questions with judgements"))
    demo = command("demo", "a throw-away library: add, ask, judge, retrain, compare, promote, roll back")
    demo.add_argument("--seed", type=int, default=0, metavar="N")
    _serve(command("serve", "start the app"))
    command("doctor", "versions, what this CPU can, is the library sound")
    return parser


def _documents(add: argparse.ArgumentParser, listing: argparse.ArgumentParser) -> None:
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    add.add_argument("--tag", action="append", default=[], metavar="T")
    add.add_argument("--copy", action="store_true", help="keep a copy in the library")
    add.add_argument("--no-wait", action="store_true", help="return while it is still being read")
    listing.add_argument("--kind", type=_kind, metavar="{page,picture,moment}")
    listing.add_argument("--tag", metavar="T")


def _changes(remove: argparse.ArgumentParser, restore: argparse.ArgumentParser) -> None:
    remove.add_argument("documents", nargs="+", metavar="DOCUMENT")
    remove.add_argument("--for-good", action="store_true", help="leave nothing of it on disk")
    restore.add_argument("documents", nargs="+", metavar="DOCUMENT")


def _search(search: argparse.ArgumentParser) -> None:
    search.add_argument("query", metavar="QUERY")
    search.add_argument("--top", type=_count, default=10, metavar="N")
    search.add_argument("--kind", type=_kind, metavar="{page,picture,moment}")
    search.add_argument("--document", metavar="NAME")
    search.add_argument("--tag", metavar="T")
    search.add_argument("--no-rerank", action="store_true")


def _labels(label: argparse.ArgumentParser, labels: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    label.add_argument("query", metavar="QUERY")
    label.add_argument("corpus_id", metavar="CORPUS_ID")
    judgement = label.add_mutually_exclusive_group(required=True)
    judgement.add_argument("--relevant", dest="relevant", action="store_const", const=True)
    judgement.add_argument("--wrong", dest="relevant", action="store_const", const=False)
    judgement.add_argument("--remove", dest="relevant", action="store_const", const=None)
    actions = labels.add_subparsers(dest="action", metavar="export|import", required=True)
    for action in ("export", "import"):
        forms = "NAME.csv, NAME.tsv (queries.jsonl beside it), NAME.jsonl, or a folder"
        one = actions.add_parser(action, parents=[common])
        one.add_argument("file", type=Path, metavar="FILE", help=forms)
        if action == "import":
            one.add_argument("--dry-run", action="store_true", help="only say what would be imported")


def _models(models: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    actions = models.add_subparsers(dest="action", metavar="add|show|export|rename|discard")

    def action(name: str, summary: str, argument: str = "ID") -> argparse.ArgumentParser:
        parser = actions.add_parser(name, parents=[common], help=summary, description=summary)
        parser.add_argument("model", metavar=argument)
        return parser

    add = action("add", "an embedding model from a folder or the hub", "PATH_OR_ID")
    add.add_argument("--revision", metavar="REVISION", help="of a hub model; recorded with it")
    action("show", "a model's card")
    export = action("export", "a folder that sentence-transformers loads")
    export.add_argument("folder", type=Path, metavar="DIR")
    action("rename", "give it another name").add_argument("name", metavar="NAME")
    action("discard", "its weights go, its card stays")


def _versions(promote: argparse.ArgumentParser, rollback: argparse.ArgumentParser) -> None:
    promote.add_argument("model", metavar="ID")
    promote.add_argument("--yes", action="store_true", help="do not ask, also where it is not recommended")
    rollback.add_argument(
        "model", nargs="?", metavar="ID", help="default: the one that answered before the current one"
    )


def _train(train: argparse.ArgumentParser) -> None:
    train.add_argument(
        "--from", dest="folder", type=Path, metavar="FOLDER", help="its queries.jsonl and qrels.tsv, for this run only"
    )
    train.add_argument("--split", metavar="NAME", help="these questions of FOLDER only")
    train.add_argument("--recipe", choices=RECIPES, default=RECIPES[0], help="how much of the model moves")
    train.add_argument("--loss", choices=LOSSES, help="of the embedder, where the recipe trains it")
    train.add_argument("--seed", type=int, default=0, metavar="N")


def _eval(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("folder", type=Path, metavar="FOLDER")
    evaluate.add_argument("--add", action="store_true", help="ingest first what is missing")
    evaluate.add_argument("--split", metavar="NAME", help="these questions only")
    evaluate.add_argument("--corpus", choices=("split", "all", "library"), help="the candidates")
    evaluate.add_argument("--no-ocr", action="store_true", help="without the text that OCR reads")
    evaluate.add_argument("--stage", choices=("words", "vectors", "fused", "full"), default="full")
    evaluate.add_argument("--run", type=Path, metavar="FILE", help="write the top 100 as a TREC run")


def _serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_port, default=7860)
    serve.add_argument("--allow-host", action="append", default=[], metavar="NAME")
    serve.add_argument("--no-open", action="store_true", help="do not open a browser")


def library_folder(given: str | None) -> Path:
    """`--library`, else FOLIOSCOPE_LIBRARY, else the user's data folder."""
    if given or os.environ.get("FOLIOSCOPE_LIBRARY"):
        return Path(given or os.environ["FOLIOSCOPE_LIBRARY"]).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("folioscope", appauthor=False))


def main(argv: Sequence[str] | None = None) -> int:
    """The command `folioscope`; returns the exit status."""
    args = build_parser().parse_args(argv)
    args.library = library_folder(getattr(args, "library", None))
    args.json = getattr(args, "json", False)
    _settle_streams()
    try:
        return _run(args)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return STOPPED
    except BrokenPipeError:
        # whoever read our answers has gone (`| head`); Python would complain once more while it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _settle_streams() -> None:
    """File names may hold bytes that are no text: print them as escapes (inside JSON these are valid ones)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _run(args: argparse.Namespace) -> int:
    from retrieval.errors import FolioscopeError
    from ui import commands

    try:
        answer = commands.run(args)
    except FolioscopeError as error:
        said = str(error).rstrip(".")
        sys.stderr.write(f"folioscope: {said}. {error.remedy}".rstrip() + "\n")
        if args.json:
            print(commands.as_json({"error": str(error), "remedy": error.remedy}))
        return USAGE if isinstance(error, commands.WrongUsage) else FAILED
    if answer is None:
        return OK
    print(commands.as_json(answer.value) if args.json else answer.text, flush=True)
    return answer.status


if __name__ == "__main__":
    sys.exit(main())
