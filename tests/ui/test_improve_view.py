"""What the Improve tab makes of the library, and of the expert panel."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.training.types import Recipe, TrainSettings
from tests.web import open_library
from ui import improve_view


def test_the_dial_and_the_expert_panel() -> None:
    assert improve_view.settings({}) == TrainSettings()
    chosen = improve_view.settings(
        {
            "recipe": "bold",
            "loss": "triplet",
            "epochs": 0.5,
            "batch_size": 16,
            "learning_rate": 1e-5,
            "map_penalty": 0,
            "seed": 3,
        }
    )
    assert chosen == TrainSettings(
        Recipe.BOLD, loss="triplet", epochs=0.5, batch_size=16, learning_rate=1e-5, map_penalty=0.0, seed=3
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [("recipe", "wild"), ("loss", "mine"), ("epochs", 0), ("batch_size", 0), ("batch_size", 1.5), ("seed", -1),
     ("learning_rate", "fast"), ("map_steps", True), ("unknown", 1), ("epochs", float("nan")), ("epochs", float("inf"))],
)  # fmt: skip
def test_no_other_value_is_taken(key: str, value: object) -> None:
    with pytest.raises(improve_view.WrongSetting):
        improve_view.settings({key: value})


def test_every_setting_has_its_field() -> None:
    fields = {key for key, _, _ in improve_view.FIELDS} | {"recipe", "loss"}
    assert fields == set(TrainSettings.__dataclass_fields__)
    assert all(f'data-setting="{key}"' in improve_view.SHELL for key in fields - {"recipe"})


@pytest.mark.parametrize("recipe", list(Recipe))
def test_every_setting_that_a_recipe_looks_at_has_a_value(tmp_path: Path, recipe: Recipe) -> None:
    with open_library(tmp_path) as library:
        shown = library.training.usual(recipe)
    assert improve_view.settings({"recipe": str(recipe), **shown}).recipe is recipe  # and each is one that is taken
    assert ("loss" in shown) is (recipe is Recipe.BOLD)
