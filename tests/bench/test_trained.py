"""What `mprna finetune` wrote is scored as it is, and refused where its labels are not the task's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mprna.bench.models.registry import ModelOptions, make_model
from mprna.bench.suite import choose_tasks
from mprna.errors import UsageError
from mprna.io.labelled import LabelledRow
from mprna.train.finetune import FinetuneConfig, finetune

(TASK,) = choose_tasks("gue", ("tf.0",))
RICH, POOR = ("GGGGGCGGGG", "GGCGGGGG", "GGGGAGGUGGG"), ("AUCAUCAUCA", "AAUUCCAU", "CAUCAUUACAU")


@pytest.fixture(scope="module")
def directory(nano: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tells sequences that are rich in G from poor ones."""
    work = tmp_path_factory.mktemp("trained")
    named = [(sequence, "rich") for sequence in RICH] + [(sequence, "poor") for sequence in POOR]
    rows = [LabelledRow(sequence, (label,), "t.csv", 1) for sequence, label in named] * 8
    config = FinetuneConfig(task="sequence_classification", epochs=6, batch_size=8, learning_rate=3e-3)
    found = finetune(config, nano, rows, rows, work / "run")
    assert found is not None
    return found


@pytest.mark.parametrize("classes", [("poor", "rich"), ("rich", "poor")])
def test_a_fine_tuned_directory_is_scored_as_it_is(classes: tuple[str, str], directory: Path) -> None:
    task = replace(TASK, classes=classes)
    model = make_model(str(directory), task, ModelOptions())
    assert (model.trains, model.is_seeded) == (False, False)
    answers = model.predict(task, [*RICH, *POOR])
    assert [classes[int(scores.argmax())] for scores in answers] == ["rich"] * 3 + ["poor"] * 3
    model.predict(task, ["G" * 2_000])
    assert model.num_truncated == 1


def test_a_fine_tuned_directory_of_another_task_is_refused(directory: Path) -> None:
    with pytest.raises(UsageError, match=r"says poor, rich, but the classes of gue/tf\.0 are 0, 1"):
        make_model(str(directory), TASK, ModelOptions())
    (detection,) = choose_tasks("rgb", ("snmd",))
    with pytest.raises(UsageError, match="sequence_classification, but rgb/snmd is token_classification"):
        make_model(str(directory), detection, ModelOptions())
