"""Networks that learn one step after the other, each step kept in a file of its own."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .angles import Task
from .aware import Twin
from .card import training
from .dataset import Dataset
from .network import Widths, load, save
from .train import train


@dataclass(frozen=True)
class School:
    """Where networks of a task learn: what was trained in just this way is taken from its file.

    Parameters
        work : folder of the .keras files
        sets : frames to learn from, to be watched by, and to be judged by
        command : what the networks' records say that made them
    """

    work: Path
    task: Task
    sets: Sequence[Dataset]
    seed: int
    command: str
    progress: bool

    def learned(
        self, name: str, widths: Widths, epochs: int, dropout: float
    ) -> tuple[Any, dict[str, Any]]:
        """Train a network from nothing; return it and its record."""
        record = self._record(widths=widths, epochs=epochs, dropout=dropout)
        if found := self._found(name, record):
            return found, record
        model = train(
            self.sets[0], self.task, widths=widths, dropout=dropout, epochs=epochs, **self._same()
        )
        save(model, self._file(name), record)
        return model, record

    def tuned(
        self, name: str, model: Any, record: dict[str, Any], epochs: int
    ) -> tuple[Any, dict[str, Any]]:
        """Let a network go on as its int8 file computes; return it and its record.

        Parameters
            model, record : as `learned` returned them; the model is changed
        """
        record = record | {"quantisation_aware_epochs": epochs}
        if found := self._found(name, record):
            return found, record
        twin = Twin(model, self.sets[0].features)
        train(self.sets[0], self.task, start=twin.network, epochs=epochs, **self._same())
        twin.finish()
        save(model, self._file(name), record)
        return model, record

    def _same(self) -> dict[str, Any]:
        """Give what every training has alike."""
        return {
            "validation": self.sets[1],
            "seed": self.seed,
            "progress": self.progress,
            "report": lambda line: print(line, file=sys.stderr),
        }

    def _record(self, **values: Any) -> dict[str, Any]:
        of = self.sets[0].definition
        return training(self.task, of, self.sets, seed=self.seed, command=self.command, **values)

    def _file(self, name: str) -> Path:
        return self.work / f"{name}.keras"

    def _found(self, name: str, record: dict[str, Any]) -> Any:
        """Load a network that was trained in just this way, if there is one."""
        if self._file(name).is_file():
            model, there = load(self._file(name))
            if there == record:
                return model
        return None
