"""Tables as Markdown, LaTeX and a page of their own; published numbers in a block apart."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from math import isnan
from typing import Any, Final

from mprna.bench.figures import Figure, Panel, measured_panels, panel_svg, published_panels
from mprna.bench.table import ALPHA, Cell, Column, Table
from mprna.errors import UsageError, unwrapped

LEGEND: Final = (
    "Mean over seeds ± standard deviation, 95 % bootstrap interval over test items; best in bold, second "
    "underlined; * differs from the best (paired bootstrap over items, Holm-corrected within the column, "
    f"p < {ALPHA}); n scored / n in the file; wall time of training and test, and peak memory of the process."
)
PUBLISHED_LEGEND: Final = (
    "Published numbers, copied and not measured here: other splits, protocols and files may lie behind them."
)


def render(
    table: Table, format_name: str, *, title: str, published: bool = True, figures: Sequence[Figure] = ()
) -> str:
    """A report.

    Args:
        format_name: a key of `RENDERERS`.
        published: add what others published for the suites of the table.
        figures: after the tables of the HTML page.

    Raises:
        UsageError: an unknown format, or one that cannot hold figures.
    """
    if format_name not in RENDERERS:
        raise UsageError(f"format {format_name!r}; expected one of {', '.join(RENDERERS)}")
    blocks = _published(table) if published else []
    if not figures:
        return RENDERERS[format_name](table, title, blocks)
    if format_name != "html":
        raise UsageError("figures need --format html; `mprna bench figure` draws them alone")
    return _html(table, title, blocks, figures)


def _markdown(table: Table, title: str, blocks: Sequence[dict[str, Any]]) -> str:
    lines = [f"# {_md(title)}", "", LEGEND, ""]
    for column in table.columns:
        lines += [f"## {column.title}", "", "| model | mean | 95 % | n | cost | notes |"]
        lines += ["|---" * 6 + "|"]
        lines += [
            f"| {_md(cell.model)} | {_marked(cell, '**', '**', '<u>', '</u>')} | {_range(cell)} | "
            f"{_count(cell)} | {_cost(cell)} | {_odd(cell)} |"
            for cell in _sorted(column)
        ]
        lines += ["", *(f"Note: {_md(note)}." for note in column.notes), *([""] if column.notes else [])]
    if table.ranks:
        lines += ["## Average rank", "", f"{_ranked(table)}.", "", "| model | rank |", "|---|---|"]
        lines += [f"| {_md(model)} | {rank:.2f} |" for model, rank in _by_rank(table)]
    for block in blocks:
        lines += ["", f"## Published: {block['title']}", "", f"> {PUBLISHED_LEGEND} {block['note']}", ""]
        lines += [f"| model | {' | '.join(block['columns'])} |", "|---" * (len(block["columns"]) + 1) + "|"]
        lines += [f"| {row[0]} | {' | '.join(row[1:])} |" for row in block["rows"]]
    return "\n".join(lines) + "\n"


def _latex(table: Table, title: str, blocks: Sequence[dict[str, Any]]) -> str:
    lines = [f"% {unwrapped(title)}", f"% {LEGEND}"]
    for column in table.columns:
        lines += [r"\begin{table}", rf"\caption{{{_tex(column.title)}}}", r"\begin{tabular}{lrrrl}"]
        lines += [r"\hline", r"model & mean & 95\,\% & n & notes \\", r"\hline"]
        lines += [
            f"{_tex(cell.model)} & {_tex_value(cell)} & {_range(cell)} & {_count(cell)} & {_odd(cell)} \\\\"
            for cell in _sorted(column)
        ]
        lines += [r"\hline", r"\end{tabular}"]
        lines += [rf"\par\footnotesize Note: {_tex(note)}." for note in column.notes]
        lines += [r"\end{table}"]
    for block in blocks:
        lines += [f"% Published, not measured here: {block['title']}. {block['note']}", r"\begin{table}"]
        lines += [rf"\caption{{Published, not measured here: {_tex(block['title'])}}}"]
        lines += [rf"\begin{{tabular}}{{l{'r' * len(block['columns'])}}}", r"\hline"]
        lines += [f"model & {' & '.join(map(_tex, block['columns']))} \\\\", r"\hline"]
        lines += [f"{' & '.join(map(_tex, row))} \\\\" for row in block["rows"]]
        lines += [r"\hline", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _html(table: Table, title: str, blocks: Sequence[dict[str, Any]], figures: Sequence[Figure] = ()) -> str:
    parts = [f"<h1>{html.escape(title)}</h1><p>{html.escape(LEGEND)}</p>"]
    for suite in dict.fromkeys(column.task.partition("/")[0] for column in table.columns):
        parts += [f"<h2>{suite.upper()}</h2>", _html_panels(measured_panels(table, suite))]
        for task in dict.fromkeys(column.task for column in table.columns):
            if task.startswith(f"{suite}/"):
                parts += _html_task([column for column in table.columns if column.task == task])
    if table.ranks:
        ranks = [[html.escape(model), f"{rank:.2f}"] for model, rank in _by_rank(table)]
        parts += [
            f"<h2>Average rank</h2><p class=note>{_ranked(table)}.</p>",
            _html_table(["model", "rank"], ranks),
        ]
    for figure in figures:
        drawings = "".join(f"<figure>{drawing}</figure>" for drawing in figure.drawings)
        parts.append(
            f"<h2>{html.escape(figure.title)}</h2><p class=note>{html.escape(figure.note)}</p>"
            f"<div class=drawings>{drawings}</div>"
        )
    for block in blocks:
        rows = [[html.escape(value) for value in row] for row in block["rows"]]
        parts.append(
            f"<section class=published><h2>Published: {html.escape(block['title'])}</h2>"
            f"<p>{html.escape(PUBLISHED_LEGEND)} {html.escape(block['note'])}</p>"
            f"{_html_table(['model', *map(html.escape, block['columns'])], rows)}"
            f"{_html_panels(published_panels(block))}</section>"
        )
    page = files("mprna.bench").joinpath("report.html").read_text(encoding="utf-8")
    before, after = page.split("{body}")
    return before.replace("{title}", html.escape(title)) + "\n".join(parts) + after


def _html_task(columns: Sequence[Column]) -> list[str]:
    """One table for all metrics of a task, sorted by the first."""
    first = columns[0]
    by_metric = [{cell.model: cell for cell in column.cells} for column in columns]
    heads = [f"{column.metric} {'↓' if column.lower_is_better else '↑'}" for column in columns]
    rows = [
        [
            html.escape(cell.model),
            *(_html_value(cells[cell.model]) for cells in by_metric),
            _count(cell),
            _cost(cell),
            _odd(cell),
        ]
        for cell in _sorted(first)
    ]
    table = _html_table(["model", *heads, "n", "cost", "notes"], rows)
    notes = "; ".join(first.notes)
    return [f"<h3>{html.escape(first.task)}</h3>", table, f"<p class=note>{html.escape(notes)}.</p>"]


def _html_value(cell: Cell) -> str:
    return f"{_marked(cell, '<b>', '</b>', '<u>', '</u>')}<small>{_range(cell)}</small>"


def _html_panels(panels: Sequence[Panel]) -> str:
    return f"<div class=panels>{''.join(panel_svg(panel) for panel in panels)}</div>"


def _html_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th><button>{name}</button></th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{value}</td>' for value in row)}</tr>" for row in rows)
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


RENDERERS: Final[dict[str, Callable[[Table, str, Sequence[dict[str, Any]]], str]]] = {
    "markdown": _markdown,
    "latex": _latex,
    "html": _html,
}
"""Report formats by name."""


def _published(table: Table) -> list[dict[str, Any]]:
    text = files("mprna.bench").joinpath("published.json").read_text(encoding="utf-8")
    suites = {column.task.split("/")[0] for column in table.columns}
    return [block for block in json.loads(text) if block["suite"] in suites]


def _sorted(column: Column) -> list[Cell]:
    return sorted(column.cells, key=lambda cell: cell.rank)


def _by_rank(table: Table) -> list[tuple[str, float]]:
    return sorted(table.ranks.items(), key=lambda entry: entry[1])


def _ranked(table: Table) -> str:
    return f"Over {table.num_ranked} of {len(table.columns)} columns: those where every model has a value"


def _value(cell: Cell) -> str:
    return _number(cell.mean) + ("" if isnan(cell.sd) else f" ± {cell.sd:.3f}")


def _number(value: float) -> str:
    """Three digits, without a sign for what is zero then."""
    return "not defined" if isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def _star(cell: Cell) -> str:
    return "*" if cell.p < ALPHA else ""


def _marked(cell: Cell, bold: str, bold_end: str, line: str, line_end: str) -> str:
    if isnan(cell.mean):
        return _value(cell)
    before, after = {1: (bold, bold_end), 2: (line, line_end)}.get(cell.rank, ("", ""))
    star = _star(cell).replace("*", "\\*") if bold == "**" else _star(cell)
    return f"{before}{_value(cell)}{after}{star}"


def _range(cell: Cell) -> str:
    return "" if isnan(cell.low) else f"{_number(cell.low)} to {_number(cell.high)}"


def _count(cell: Cell) -> str:
    return f"{cell.num_scored}/{cell.num_original}"


def _cost(cell: Cell) -> str:
    return f"{cell.seconds:,.0f} s, {cell.peak_memory_mb:,.0f} MB"


def _odd(cell: Cell) -> str:
    parts = [
        f"{number} {what}"
        for number, what in ((cell.num_truncated, "cut"), (cell.num_failed, "without an answer"))
        if number
    ]
    return ", ".join([f"{cell.num_seeds} seed{'s' * (cell.num_seeds > 1)}", *parts])


def _tex_value(cell: Cell) -> str:
    if isnan(cell.mean):
        return _value(cell)
    value = _value(cell).replace("±", r"$\pm$")
    marked = {1: rf"\textbf{{{value}}}", 2: rf"\underline{{{value}}}"}.get(cell.rank, value)
    return marked + ("$^*$" if _star(cell) else "")


def _tex(text: str) -> str:
    """Any text as LaTeX that prints it."""
    return unwrapped(text).translate(_TEX)


def _md(text: str) -> str:
    """Any text as Markdown that shows it, in a cell of a table too."""
    marks = r"[\\`*~|\[\]]|\b_|_\b"  # within a word an underscore is one
    return re.sub(marks, r"\\\g<0>", html.escape(unwrapped(text), quote=False))


_TEX: Final = str.maketrans(
    {
        **{letter: f"\\{letter}" for letter in "&%_#${}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
    }
)
