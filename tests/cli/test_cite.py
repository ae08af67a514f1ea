"""`mprna --cite` says the same as CITATION.cff."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_the_citations_are_those_of_citation_cff(call):
    outcome = call("--cite")
    assert (outcome.status, outcome.err) == (0, "")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    papers = [citation["preferred-citation"], *citation["references"]]
    entries = outcome.out.split("\n@")
    assert len(entries) == len(papers)
    for entry, paper in zip(entries, papers, strict=True):
        fields = dict(re.findall(r"(\w+) +?= \{(.*)\},$", entry, re.MULTILINE))
        plain = {name: re.sub("[{}]", "", text.replace('{\\"o}', "ö")) for name, text in fields.items()}
        authors = " and ".join(f"{a['family-names']}, {a['given-names']}" for a in paper["authors"])
        assert plain["title"].strip() == paper["title"]
        assert plain["author"] == authors
        assert (plain["doi"], plain["year"]) == (paper["doi"], str(paper["year"]))
        assert plain["pages"].split("--")[0] == str(paper["start"])
