"""Drawing, arcs, dot plot, comparison, and what the other verbs say of what was folded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import mprna
from mprna.io.formats import read_records
from mprna.predict.degrade import degrade
from mprna.predict.repair import repair
from mprna.predict.scan import scan
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

SAM = "SAM_I_riboswitch"
EXAMPLES = Path(__file__).parents[3] / "examples"


def known(name: str) -> Any:
    return next(r for r in read_records(EXAMPLES / "rnas.dbn") if r.name == name)


def open_example(visitor: Any, name: str) -> Any:
    record = known(name)
    return visitor.open_folded(f"#seq={record.sequence}&name={name}&own={record.dot_bracket}")


def test_hovering_tells_partner_and_probability(visitor: Any) -> None:
    record = known("yeast_tRNA_Phe")
    folded = mprna.fold(record.sequence, mprna.FoldOptions(pair_probs=True))
    page = open_example(visitor, record.name)
    page.hover("#panel [data-base='1'] circle")
    tip = page.text_content(".tip")
    assert tip == f"C2, paired with G71, probability {folded.base_pair_probs[1, 70]:.2f}"
    page.click("#panel [data-base='1'] circle")
    page.wait_for_selector(".inspector:has-text('paired with G71')")


def test_dot_plot_shows_every_likely_pair(visitor: Any) -> None:
    record = known("yeast_tRNA_Phe")
    folded = mprna.fold(record.sequence, mprna.FoldOptions(pair_probs=True))
    page = open_example(visitor, record.name)
    page.click("#tab-dotplot")
    page.wait_for_selector(".dots rect")
    assert page.locator(".dots rect").count() == int((np.triu(folded.base_pair_probs, 1) >= 0.01).sum())
    assert page.locator(".drawn rect").count() == len(pairs_from_dot_bracket(folded.dot_bracket))


def test_arcs_show_structure_and_alternatives(visitor: Any) -> None:
    record = known("yeast_tRNA_Phe")
    folded = mprna.fold(record.sequence, mprna.FoldOptions(pair_probs=True))
    pairs = pairs_from_dot_bracket(folded.dot_bracket)
    likely = np.argwhere(np.triu(folded.base_pair_probs, 1) >= 0.05).tolist()
    page = open_example(visitor, record.name)
    page.click("#tab-arcs")
    page.wait_for_selector(".arcs-above path")
    assert page.locator(".arcs-above path").count() == len(pairs)
    assert page.locator(".arcs-below path").count() == len([p for p in likely if p not in pairs.tolist()])


def test_pseudoknot_of_the_user_is_drawn_as_arcs(visitor: Any) -> None:
    record = known("SARS_CoV_2_frameshift")
    page = open_example(visitor, record.name)
    page.click("#tab-compare")
    page.wait_for_selector(".compared:has-text('Yours') .knot")
    knots = page.locator(".compared:has-text('Yours') .knot").count()
    assert knots == record.dot_bracket.count("[")


def test_comparison_counts_what_differs(visitor: Any) -> None:
    record = known(SAM)
    ours = mprna.fold(record.sequence)
    vienna = mprna.fold(record.sequence, mprna.FoldOptions(engine="vienna"))
    page = open_example(visitor, SAM)
    page.click("#tab-compare")
    page.wait_for_function("() => document.querySelectorAll('.compared').length === 3")
    page.select_option("#reference", label="Yours")
    truth = pairs_from_dot_bracket(record.dot_bracket)
    for name, answer in (("MP-RNA (hybrid)", ours), ("ViennaRNA", vienna)):
        cells = page.locator(f"tr:has(th:text-is('{name}')) td").all_text_contents()
        found = pairs_from_dot_bracket(answer.dot_bracket)
        shared = len({*map(tuple, found.tolist())} & {*map(tuple, truth.tolist())})
        f1 = pair_scores(truth, found).f1
        assert cells == [
            f"{answer.energy:.2f}".replace("-", "−"),
            *map(str, (len(found), shared, len(found) - shared, len(truth) - shared)),
            f"{f1:.2f}",
        ]


def test_comparison_says_that_vienna_is_under_way(visitor: Any) -> None:
    page = open_example(visitor, "hammerhead_ribozyme")
    held: list[Any] = []
    page.route("**/api/fold", lambda route: held.append(route))
    page.click("#tab-compare")
    page.wait_for_selector("#panel [role=status]:has-text('Folding with ViennaRNA')")
    held[0].continue_()
    page.wait_for_selector(".compared:has-text('ViennaRNA')")
    assert page.is_hidden("#panel [role=status]")


def test_comparison_says_why_vienna_is_missing(visitor: Any) -> None:
    page = open_example(visitor, "hammerhead_ribozyme")
    page.route("**/api/fold", lambda route: route.abort())
    page.click("#tab-compare")
    page.wait_for_selector("#panel [role=status]:has-text('does not answer')")


@pytest.mark.parametrize(("view", "spot"), [("drawing", "base"), ("arcs", "base"), ("dotplot", "pair")])
def test_a_finger_takes_the_nearest_base(visit: Any, view: str, spot: str) -> None:
    visitor = visit(viewport={"width": 390, "height": 800}, is_mobile=True, has_touch=True)
    page = visitor.open_folded(f"#seq={'GGGGAAAACCCCAUAU' * 40}&view={view}&engine=vienna")
    page.wait_for_selector(f"#panel [data-{spot}]")
    page.locator("#panel").scroll_into_view_if_needed()
    boxes = """spot => [...document.querySelectorAll(`#panel [data-${spot}]`)].map(node => {
      const { x, y, width, height } = node.getBoundingClientRect();
      return [x + width / 2, y + height / 2, Number(node.dataset[spot].split(",")[0]) + 1];
    })"""
    places = np.array(page.evaluate(boxes, spot))
    finger = places[places[:, 0].argmin(), :2] - [12, 0]
    page.touchscreen.tap(*finger)
    nearest = np.hypot(*(places[:, :2] - finger).T).argmin()
    page.wait_for_selector(f".inspector h3:text-matches(' {places[nearest, 2]:.0f}$')")
    box = page.locator("#panel svg").bounding_box()
    page.touchscreen.tap(box["x"] + 2, box["y"] + 2)
    page.wait_for_selector(".inspector:has-text('Click a base')")


def test_unbalanced_structure_is_a_message(visitor: Any) -> None:
    page = open_example(visitor, SAM)
    page.click("#tab-compare")
    page.fill("#own-structure", "((((")
    page.click(".own-form button[type=submit]")
    page.wait_for_selector(".own-form .message:not([hidden])")
    page.click(".own-form button:has-text('Remove')")
    page.wait_for_selector(".own-form .message", state="hidden")


def test_degradation_track_is_that_of_python(visitor: Any) -> None:
    record = known("hammerhead_ribozyme")
    expected = degrade(record.sequence)
    page = open_example(visitor, record.name)
    page.click("#tab-degradation")
    page.wait_for_selector(".track .value")
    assert page.locator(".track .value").count() == len(record.sequence)
    assert f"{expected.score:.1f} ± {expected.score_sd:.1f}" in page.text_content(".score")


def test_colours_follow_the_choice(visitor: Any) -> None:
    page = open_example(visitor, "hammerhead_ribozyme")
    fills = "[...document.querySelectorAll('.drawing .base circle')].map(n => n.getAttribute('fill'))"
    seen = []
    for name in ("state", "pair", "letter", "none"):
        page.select_option("#colouring", name)
        seen.append(tuple(page.evaluate(fills)))
    assert len(set(seen)) == 4
    assert len(set(seen[2])) == 4
    assert len(set(seen[3])) == 1


def test_zoom_and_fit(visitor: Any) -> None:
    page = open_example(visitor, "hammerhead_ribozyme")
    width = "document.querySelector('.drawing .backbone').getBoundingClientRect().width"
    fitted = page.evaluate(width)
    page.click("[aria-label='Zoom in']")
    assert page.evaluate(width) > 1.2 * fitted
    page.click("[aria-label='Fit the drawing']")
    assert abs(page.evaluate(width) - fitted) < 1


def test_structure_in_words(visitor: Any) -> None:
    page = open_example(visitor, "hammerhead_ribozyme")
    page.click("#in-words summary")
    pairs = mprna.fold(known("hammerhead_ribozyme").sequence).dot_bracket.count("(")
    assert f"{pairs} pairs" in page.text_content("#in-words-body")


def test_verbs_that_the_server_lacks_have_no_tab(visitor: Any) -> None:
    paths = httpx.get(f"{visitor.address}/api/openapi.json", trust_env=False).json()["paths"]
    page = visitor.open_folded("#seq=GGGGAAAACCCC")
    for verb, tab in (("degrade", "degradation"), ("repair", "repair"), ("scan", "variants")):
        assert page.locator(f"#tab-{tab}").count() == int(f"/api/{verb}" in paths)


@pytest.mark.parametrize("sequence", ["GGGGAAAACCCC", "ggggaaaatccc"])
def test_variant_map_is_that_of_python(visitor: Any, sequence: str) -> None:
    effects = list(scan(sequence))
    page = visitor.open_folded(f"#seq={sequence}&view=variants")
    page.wait_for_selector(".heatmap .cell")
    assert page.locator(".cell").count() == 48
    strongest = max(effects, key=lambda effect: abs(effect.pair_distance))
    words = f"{strongest.variant} ({strongest.pair_distance:.2f})"
    assert page.text_content(".score").startswith(f"Strongest: {words}")
    page.select_option("#effect", "delta_ensemble_energy")
    stabilising = sum(round(effect.delta_ensemble_energy, 4) < 0 for effect in effects)
    assert page.locator(".cell.down").count() == stabilising


def test_how_far_a_scan_is_can_be_seen(visitor: Any) -> None:
    page = visitor.open()
    page.evaluate(
        """() => {
          globalThis.said = [];
          new MutationObserver((changes) => {
            for (const { addedNodes } of changes) said.push(...[...addedNodes].map((n) => n.textContent));
          }).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    page.evaluate("fragment => { location.hash = fragment; }", f"#seq={'GGGGAAAACCCC' * 4}&view=variants")
    page.wait_for_selector(".heatmap .cell")
    shares = [int(text.split()[1]) for text in page.evaluate("said") if re.fullmatch(r"Asking… \d+ %", text)]
    assert shares == sorted(shares)
    assert {25, 50, 75, 100} <= set(shares)


def test_repairs_are_those_of_python(visitor: Any) -> None:
    sequence = "GGGGNAAACCCC"
    (proposed,) = repair(sequence).repairs
    page = visitor.open_folded(f"#seq={sequence}&view=repair")
    page.wait_for_selector(".heatmap .cell")
    words = f"{proposed.seen}{proposed.position}{proposed.base} ({proposed.probability:.2f})"
    assert page.text_content(".score") == f"Proposed: {words}."
    page.click(".heatmap [data-base='1'] text")
    page.wait_for_selector(".inspector:has-text('paired with C11')")


@pytest.mark.parametrize(("view", "verb"), [("variants", "scan"), ("compare", "fold")])
def test_leaving_a_view_stops_its_request(visitor: Any, view: str, verb: str) -> None:
    page = visitor.open_folded("#seq=GGGGAAAACCCC")
    page.route(f"**/api/{verb}", lambda route: None)
    with page.expect_request(f"**/api/{verb}"):
        page.click(f"#tab-{view}")
    with page.expect_event("requestfailed", lambda request: request.url.endswith(verb)):
        page.click("#tab-drawing")


def test_a_track_is_asked_for_once(visitor: Any) -> None:
    page = visitor.open_folded("#seq=GGGGAAAACCCC")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "degrade" in request.url else None)
    for view, content in (("degradation", ".track .value"), ("drawing", ".drawing .base")) * 2:
        page.click(f"#tab-{view}")
        page.wait_for_selector(content)
    assert len(asked) == 1


def test_the_selected_base_is_marked_in_a_track(visitor: Any) -> None:
    page = visitor.open_folded("#seq=GGGGAAAACCCC&view=degradation")
    page.wait_for_selector(".inspector:has-text('Click a base')")
    assert "Keys" not in page.inner_text(".inspector")
    page.click("#tab-drawing")
    page.wait_for_selector(".inspector:has-text('Keys')")
    page.click("#strip [data-base='3']")
    page.click("#tab-degradation")
    page.wait_for_selector(".track [data-base='3'].selected")
    page.select_option("#quantity", "reactivity")
    page.wait_for_selector("[aria-label^='SHAPE'] [data-base='3'].selected")


@pytest.mark.parametrize("sequence", ["A" * 10, "GGGGAAAACCCCAAAAAAAA"])
def test_numbers_keep_clear_of_the_ends(visitor: Any, sequence: str) -> None:
    page = visitor.open_folded(f"#seq={sequence}")
    page.wait_for_selector(".drawing .labels .end")
    boxes = page.evaluate(
        """() => [...document.querySelectorAll(".drawing .labels text")].map((node) => {
          const { left, right, top, bottom } = node.getBoundingClientRect();
          return [left, right, top, bottom];
        })"""
    )
    for k, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[:k]:
            assert left > other[1] - 1 or right < other[0] + 1 or top > other[3] - 1 or bottom < other[2] + 1
