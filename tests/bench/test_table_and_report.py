"""Tables by hand from made-up records, and what each format does with them."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mprna.bench.audit import Leaked
from mprna.bench.figures import Bar, Panel, chart_svg, measured_panels, panel_svg
from mprna.bench.record import RunRecord, read_record, write_record
from mprna.bench.report import render
from mprna.bench.table import build_table
from mprna.errors import DataError, UsageError


def record(model: str, values: list[float], seed: int = 45, **changes: object) -> RunRecord:
    facts = {"path": "x", "sha256": "0", "rows": len(values), "as_expected": None, "note": ""}
    made = RunRecord(
        suite="rgb",
        task="ssp-archive2",
        group="ssp-archive2",
        model=model,
        seed=seed,
        metrics={"pair_f1": float(np.mean(values))},
        items={"pair_f1": [[value, 1.0] for value in values]},
        num_original=len(values),
        num_scored=len(values),
        num_truncated=0,
        num_failed=0,
        data={"test": facts},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def leaked(num_sequences: int, rows: set[int], sha256: str = "0") -> dict[str, Leaked]:
    return {"rgb/ssp-archive2": Leaked(num_sequences, sha256, rows)}


RNG = np.random.default_rng(0)
BASE = RNG.uniform(0.2, 0.6, 60)
GOOD, NEXT, POOR = (
    record(name, (BASE + plus).tolist()) for name, plus in (("a_b", 0.3), ("next", 0.2), ("poor", 0))
)


def test_cells_have_ranks_intervals_and_corrected_tests() -> None:
    (column,) = build_table([POOR, GOOD, NEXT]).columns
    cells = {cell.model: cell for cell in column.cells}
    assert [cells[name].rank for name in ("a_b", "next", "poor")] == [1, 2, 3]
    assert np.isnan(cells["a_b"].p)
    assert cells["poor"].p == pytest.approx(2 * 2 / 1001)
    assert cells["next"].low < cells["next"].mean < cells["next"].high


@pytest.mark.parametrize(
    ("num_items", "clusters", "are_compared"),
    [(5, [], False), (6, [], True), (30, ["a", "b", "c", "d", "e"] * 6, False)],
)
def test_few_items_tell_no_model_from_another(
    num_items: int, clusters: list[str], are_compared: bool
) -> None:
    pair = [record(name, [value] * num_items, clusters=clusters) for name, value in (("a", 0.9), ("b", 0.1))]
    (column,) = build_table(pair).columns
    assert (not np.isnan(column.cells[1].p)) == are_compared
    assert any("not compared" in note for note in column.notes) != are_compared


def test_seeds_are_pooled_to_mean_and_sd() -> None:
    first = record("a", [0.2, 0.4], num_failed=1, seconds=2.0, peak_memory_mb=10.0)
    second = record("a", [0.4, 0.6], seed=46, num_failed=2, seconds=4.0, peak_memory_mb=20.0)
    (column,) = build_table([first, second]).columns
    (cell,) = column.cells
    assert (cell.num_failed, cell.seconds, cell.peak_memory_mb) == (2, 3.0, 20.0)
    assert (cell.mean, cell.sd, cell.num_seeds) == (pytest.approx(0.4), pytest.approx(0.2 / np.sqrt(2)), 2)


def test_the_best_of_an_error_is_the_lowest() -> None:
    poor, good = (
        record(name, [0.0] * 3, metrics={"rmse": error}, items={"rmse": [[1.0, error**2]] * 3})
        for name, error in (("poor", 0.3), ("good", 0.2))
    )
    (column,) = build_table([poor, good]).columns
    assert {cell.model: cell.rank for cell in column.cells} == {"poor": 2, "good": 1}
    assert column.title.endswith("rmse ↓")


def test_left_out_rows_change_n_and_mean() -> None:
    (column,) = build_table([record("a", [1.0, 0.0, 0.0])], leaked(3, {0})).columns
    (cell,) = column.cells
    assert (cell.mean, cell.num_scored, cell.num_original) == (0.0, 2, 3)
    with pytest.raises(DataError, match="no test row is left"):
        build_table([record("a", [1.0])], leaked(1, {0}))


def test_an_audit_of_another_test_file_is_refused() -> None:
    """By the file's digest, or the number of its rows where the audit does not have it."""
    one = record("a", [1.0, 0.0])
    for stale in (leaked(2, {0}, "1"), leaked(3, {0}, "")):
        with pytest.raises(DataError, match="rgb/ssp-archive2: the audit is of another test file"):
            build_table([one], stale)
    for fitting in (leaked(2, {0}), leaked(2, {0}, "")):
        assert build_table([one], fitting).columns[0].cells[0].num_scored == 1


def test_a_task_that_was_not_audited_is_noted() -> None:
    for left_out, is_noted in ((leaked(2, set()), False), ({}, True), (None, False)):
        (column,) = build_table([record("a", [1.0, 0.0])], left_out).columns
        assert ("not in the audit: nothing left out" in column.notes) == is_noted


def test_records_of_other_test_files_are_refused() -> None:
    """RGB was changed while it kept its name."""
    other = record("b", [0.1, 0.2], data={"test": {**GOOD.data["test"], "sha256": "1"}})
    with pytest.raises(DataError, match="different test files"):
        build_table([record("a", [0.1, 0.2]), other])


def test_seeds_that_learned_from_other_files_are_refused() -> None:
    test = GOOD.data["test"]
    runs = [
        record("a", [0.1], seed=seed, data={"train": {**test, "sha256": str(seed)}, "test": test})
        for seed in (45, 46)
    ]
    with pytest.raises(DataError, match="seeds of a were made with different train files"):
        build_table(runs)
    build_table([runs[0], replace(runs[1], model="b")])


def test_seeds_with_other_budgets_are_refused() -> None:
    """Other models may have other budgets; how a run was interrupted is none of them."""
    budget = {"epochs": 10, "batch_size": 32, "patience": 3, "learning_rate": [1e-4, 1e-3]}
    first = record("a", [0.1], choices={"budget": budget, "resumed": False})
    with pytest.raises(DataError, match=r"rgb/ssp-archive2: the seeds of a have different budgets.*25"):
        build_table([first, record("a", [0.2], seed=46, choices={"budget": budget | {"epochs": 25}})])
    again = record("a", [0.2], seed=46, choices={"budget": dict(budget), "resumed": True})
    without = record("a", [0.3], seed=47)
    other = record("b", [0.2], choices={"budget": budget | {"epochs": 25}})
    (column,) = build_table([first, again, without, other]).columns
    assert [cell.num_seeds for cell in column.cells] == [3, 1]


@pytest.mark.parametrize(
    ("choice", "values", "what"),
    [
        ("model_sha256", ("1", "2"), "weights, 1 and 2"),
        ("bfloat16", (False, True), "settings of bfloat16, False and True"),
    ],
)
def test_seeds_with_other_choices_are_refused(choice: str, values: tuple[object, ...], what: str) -> None:
    first, second = (record("a", [0.1], seed, choices={choice: v}) for seed, v in enumerate(values))
    with pytest.raises(DataError, match=f"rgb/ssp-archive2: the seeds of a have different {what}"):
        build_table([first, second])
    build_table([first, replace(second, model="b"), record("a", [0.1], seed=47)])


def test_records_of_a_task_that_was_described_otherwise_are_refused() -> None:
    """Such as other columns of one file; the first records do not say."""
    first, second = (
        record(model, [0.1], choices={"task": {"columns": ["seq", label]}}) for model, label in ("ax", "by")
    )
    with pytest.raises(DataError, match="rgb/ssp-archive2: the records of a and b describe the task"):
        build_table([record("c", [0.1]), first, second])
    build_table([record("c", [0.1]), first, replace(first, model="b")])


def test_a_seed_counts_once() -> None:
    with pytest.raises(DataError, match="two records of a with one seed"):
        build_table([record("a", [0.1]), record("a", [0.2])])


def test_records_of_other_metrics_are_refused() -> None:
    """As of a release that had one metric less; which record comes first does not matter."""
    items = {"pair_f1": GOOD.items["pair_f1"]}
    newer = replace(GOOD, metrics={"pair_f1": 0.5, "mcc": 0.5}, items=items | {"mcc": items["pair_f1"]})
    for records in ([POOR, newer], [newer, POOR]):
        with pytest.raises(DataError, match=r"rgb/ssp-archive2: .*poor .*pair_f1.*; run .* again"):
            build_table(records)


def test_a_file_that_is_not_the_described_one_is_noted() -> None:
    facts = {**GOOD.data["test"], "as_expected": False}
    (column,) = build_table([record("a", [0.1], data={"test": facts})]).columns
    assert column.notes == (
        "test: another file than the one this suite describes",
        "no families are known: intervals resample items",
    )


def test_families_are_resampled_as_a_whole() -> None:
    """Where all of a family are alike, many members do not make the interval narrow."""
    values = [0.2] * 50 + [0.8] * 50 + [0.5] * 50
    families = ["a"] * 50 + ["b"] * 50 + ["c"] * 50
    (alone,) = build_table([record("m", values)]).columns
    (together,) = build_table([record("m", values, clusters=families)]).columns
    widths = [cell.high - cell.low for column in (alone, together) for cell in column.cells]
    assert widths[1] > 4 * widths[0]
    assert (together.cells[0].low, together.cells[0].high) == (pytest.approx(0.2), pytest.approx(0.8))
    assert together.notes == ("intervals resample 3 families or other clusters as a whole",)
    (single,) = build_table([record("m", [0.2, 0.8], clusters=["a", "b"])]).columns
    assert single.notes == ("no families are known: intervals resample items",)
    (left,) = build_table([record("m", values, clusters=families)], leaked(150, set(range(50)))).columns
    assert left.notes == ("intervals resample 2 families or other clusters as a whole",)


def test_one_family_that_is_left_is_not_resampled() -> None:
    """It would be drawn every time, and every interval would be a point."""
    values = RNG.uniform(size=20).tolist()
    left_out = leaked(20, set(range(10)))
    (column,) = build_table(
        [record("a", values, clusters=["5s"] * 5 + ["srp"] * 5 + ["trna"] * 10)], left_out
    ).columns
    assert column.cells[0].low < column.cells[0].mean < column.cells[0].high
    assert "no families are known: intervals resample items" in column.notes


def test_one_record_that_knows_the_families_is_enough() -> None:
    """Records of older releases do not have them."""
    families = [f"family {i % 3}" for i in range(60)]
    (column,) = build_table([POOR, replace(GOOD, clusters=families)]).columns
    assert "intervals resample 3 families or other clusters as a whole" in column.notes


def test_markdown_marks_best_second_and_significance() -> None:
    text = render(build_table([POOR, GOOD, NEXT]), "markdown", title="T")
    lines = [line for line in text.splitlines() if line.startswith(("| a_b", "| next", "| poor"))]
    rows = [line.split("|")[2].strip() for line in lines]
    means = [f"{one.metrics['pair_f1']:.3f}" for one in (GOOD, NEXT, POOR)]
    assert rows[:3] == [f"**{means[0]}**", rf"<u>{means[1]}</u>\*", rf"{means[2]}\*"]
    assert text.index("Published numbers") > text.index("Average rank")
    assert "Published" not in render(build_table([GOOD]), "markdown", title="T", published=False)


def test_latex_escapes_and_closes_what_it_opens() -> None:
    text = render(build_table([GOOD, POOR]), "latex", title="T")
    assert r"a\_b & \textbf{" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 4


ODD = "command:~/bin/fold^2 {} \\x_%|<b>*a*`\nq"


def test_any_name_is_shown_as_it_is() -> None:
    table = build_table([record(ODD, [0.1, 0.2]), record("a", [0.3, 0.2])])
    markdown, latex = (render(table, name, title=f"{{body}} {ODD}") for name in ("markdown", "latex"))
    assert r"| command:\~/bin/fold^2 {} \\x\_%\|&lt;b&gt;\*a\*\` q | " in markdown
    command = r"command:\textasciitilde{}/bin/fold\textasciicircum{}2 \{\} \textbackslash{}x\_\%\textbar{}"
    assert command + r"\textless{}b\textgreater{}*a*` q & " in latex
    page = render(table, "html", title="{body} {title}")
    assert "<title>{body} {title}</title>" in page


def test_latex_tells_what_markdown_tells() -> None:
    facts = GOOD.data | {"train": GOOD.data["test"] | {"note": "rebuilt, 5 % of train_rows"}}
    text = render(build_table([replace(GOOD, num_truncated=3, data=facts), POOR]), "latex", title="T")
    assert r"& 60/60 & 1 seed, 3 cut \\" in text
    assert "Note: rebuilt, 5 \\% of train\\_rows.\n" in text


def test_html_is_whole_sortable_and_alone() -> None:
    class Checker(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.stack: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert not {"src", "href"} & {name for name, _ in attrs}
            if tag not in ("meta", "br"):
                self.stack.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.stack.pop() == tag

    text = render(build_table([record("<m>", [0.5, 0.7])]), "html", title="<T>")
    Checker().feed(text)
    assert "<td>&lt;m&gt;</td>" in text
    assert "<title>&lt;T&gt;</title>" in text
    assert "<th><button>model</button></th>" in text
    assert "class=published" in text


def test_html_has_one_table_per_task_and_charts_apart_from_published_ones() -> None:
    f1 = [[value, 1.0] for value in (0.5, 0.7)]
    both = record("m", [0.5, 0.7], metrics={"pair_f1": 0.6, "r2": 0.0})
    both = replace(both, items={"pair_f1": f1, "r2": [[1, 1, 1, 1, 1, 1], [1, 2, 2, 4, 4, 4]]}, seconds=12.4)
    text = render(build_table([both]), "html", title="T")
    own, published = text.split("class=published", 1)
    assert own.count("<table>") == 2  # the task, and the ranks
    assert own.count("<svg") == 1
    assert "stroke-dasharray" not in own
    assert "12 s, 0 MB" in own
    assert published.count("<svg") >= 6
    assert published.count("stroke-dasharray") > 6


def test_what_is_not_defined_is_last_and_unmarked() -> None:
    """Pearson's correlation with a constant prediction; no warning, whatever the resamples are."""
    truth = RNG.uniform(1, 2, 40)
    items = {
        name: [[1, y, p, y * y, p * p, y * p] for y, p in zip(truth.tolist(), answers.tolist(), strict=True)]
        for name, answers in {
            "constant": np.full(40, 1.234567),
            "good": truth + 0.01,
            "poor": RNG.uniform(size=40),
        }.items()
    }
    records = [replace(record(name, [0.0] * 40), items={"pearson": rows}) for name, rows in items.items()]
    records = [replace(one, metrics={"pearson": 0.0}) for one in records]
    (column,) = build_table(records).columns
    assert {cell.model: cell.rank for cell in column.cells} == {"good": 1, "poor": 2, "constant": 3}
    text = render(build_table(records), "html", title="T")
    assert "<td>not defined<small></small></td>" in text
    assert r"constant & not defined & " in render(build_table(records), "latex", title="T")
    assert build_table(records).num_ranked == 0
    assert "Over 1 of 1 columns" in render(build_table([GOOD, POOR]), "markdown", title="T")


def test_what_is_not_defined_is_no_comparison() -> None:
    """Holm's correction is for the tests that were made; and of two, one would have the rank of a second."""
    undefined = replace(record("u", [0.0] * 60), items={"pair_f1": [[float("nan"), 1.0]] * 60})
    (column,) = build_table([GOOD, POOR, NEXT, undefined]).columns
    (without,) = build_table([GOOD, POOR, NEXT]).columns
    p_values = {cell.model: cell.p for cell in column.cells}
    assert np.isnan(p_values.pop("u"))
    assert p_values == pytest.approx({cell.model: cell.p for cell in without.cells}, nan_ok=True)
    text = render(build_table([undefined, replace(undefined, model="v")]), "latex", title="T")
    assert text.count("& not defined & ") == 2


def test_bars_begin_at_zero_and_have_their_length() -> None:
    panels = measured_panels(build_table([record("a", [0.8, 0.8]), record("b", [0.4, 0.4])]), "rgb")
    (panel,) = panels
    assert [(bar.name, bar.value) for bar in panel.bars] == [
        ("a", pytest.approx(0.8)),
        ("b", pytest.approx(0.4)),
    ]
    root = ElementTree.fromstring(panel_svg(panel))
    ground, *bars = root.findall(".//{*}rect")
    assert ground.get("fill") == "#ffffff"
    assert [float(bar.get("width", "")) for bar in bars] == [304.0, 152.0]
    assert {bar.get("x") for bar in bars} == {"8.0"}
    assert measured_panels(build_table([GOOD]), "gue") == []
    whole = ElementTree.fromstring(chart_svg(panels * 4))
    assert len(whole.findall(".//{*}g")) == 4


def test_any_name_makes_a_chart_that_can_be_read() -> None:
    panel = Panel("a\x00b & <c>", (Bar("\x1b", 0.5, 0.4, 0.6, "#000000"),))
    texts = [text.text for text in ElementTree.fromstring(chart_svg([panel])).findall(".//{*}text")]
    assert texts[:2] == ["a\ufffdb & <c>", "\ufffd"]


def test_a_long_name_leaves_room_for_the_value() -> None:
    name = f"runs/{'x' * 60}/model:lora"
    panel = Panel("t", (Bar(name, 0.5, 0.4, 0.6, "#000000"), Bar("n" * 30, 0.5, 0.4, 0.6, "#000000")))
    svg = ElementTree.fromstring(panel_svg(panel))
    _, long, _, short, _ = svg.findall(".//{*}text")
    (title,) = long.findall("{*}title")
    assert title.text == name
    assert title.tail is not None
    assert (title.tail[:6], title.tail[-10:]) == ("runs/x", "model:lora")
    assert len(title.tail) <= 37
    assert short.text == "n" * 30


def test_a_page_sorts_large_numbers_and_wraps_long_names() -> None:
    page = render(build_table([replace(GOOD, seconds=1234.0)]), "html", title="T")
    assert "<td>1,234 s, 0 MB</td>" in page
    assert 'parseFloat(text.replaceAll(",", ""))' in page
    first = next(line for line in page.splitlines() if line.startswith("td:first-child"))
    assert "max-width: 20rem; white-space: normal; overflow-wrap: anywhere" in first


def test_a_value_below_zero_goes_to_the_left() -> None:
    panel = Panel("t", (Bar("up", 0.5, 0.4, 0.6, "#000000"), Bar("down", -0.5, -0.6, -0.4, "#000000")))
    _, up, down = ElementTree.fromstring(panel_svg(panel)).findall(".//{*}rect")
    assert float(down.get("x", "")) + float(down.get("width", "")) == pytest.approx(float(up.get("x", "")))


def test_a_chart_without_any_number_is_drawn() -> None:
    nan = float("nan")
    assert "not defined" in panel_svg(Panel("t", (Bar("m", nan, nan, nan, "#000000"),)))


def test_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match="format 'pdf'"):
        render(build_table([GOOD]), "pdf", title="T")


def test_a_record_without_its_items_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_record(record("a", [0.5]), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"items": {}}))
    with pytest.raises(DataError, match=r"a\.json: no items of .*; remove it and run the same again"):
        read_record(path)
