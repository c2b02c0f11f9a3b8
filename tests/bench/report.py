"""One line a measurement, and where the product promises a bound, whether it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """`ours` against `bare` of the same run; `allowed` = factor × bare + plus, in the same unit."""

    name: str
    ours: float
    bare: float
    factor: float
    plus: float = 0.0
    unit: str = "s"

    @property
    def holds(self) -> bool:
        return self.ours <= self.factor * self.bare + self.plus

    def __str__(self) -> str:
        bound = f"{self.factor:g} ×" + (f" + {self.plus:g} {self.unit}" if self.plus else "")
        ratio = (self.ours - self.plus) / self.bare if self.plus else self.ours / self.bare
        said = "ok" if self.holds else "TOO SLOW"
        ours, bare = f"{self.ours:.3f} {self.unit}", f"{self.bare:.3f} {self.unit}"
        return f"{self.name:<44} {ours:>12}  bare {bare:>12}  ratio {max(ratio, 0):5.2f}  allowed {bound:<10} {said}"


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure that must stay below a limit."""

    name: str
    value: float
    limit: float
    unit: str

    @property
    def holds(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        said = "ok" if self.holds else "TOO MUCH"
        return f"{self.name:<44} {self.value:>9.2f} {self.unit}  allowed {self.limit:g} {self.unit}  {said}"


Row = Ratio | Bound
