"""When a run has stopped getting better on what it is judged by."""

from __future__ import annotations

from dataclasses import dataclass

MEASURE = "validation/copy_proof_knn1"


@dataclass
class EarlyStop:
    """Counts validations without a new best; `patience` of them end the run, and 0 never does."""

    patience: int
    best: float = -1.0
    best_step: int = 0
    waited: int = 0

    def sees(self, value: float, step: int) -> bool:
        """Take in a validation; whether it is the best so far."""
        if value <= self.best:
            self.waited += 1
            return False
        self.best, self.best_step, self.waited = value, step, 0
        return True

    @property
    def over(self) -> bool:
        """Whether the run is to end."""
        return 0 < self.patience <= self.waited

    def in_words(self) -> str:
        """Which validation was the best, and whether it ended the run."""
        best = f"the best on validation, step {self.best_step}, copy-proof KNN@1 {self.best:.1%}"
        return f"{best}; {self.waited} validations since were no better, so the run is over" if self.over else best

    def state(self) -> dict[str, float]:
        """For a checkpoint."""
        return {"best": self.best, "best_step": self.best_step, "waited": self.waited}

    def load(self, state: dict[str, float]) -> None:
        """Go on from what `state` gave; from nothing, where the checkpoint is older than this."""
        self.best = state.get("best", self.best)
        self.best_step, self.waited = int(state.get("best_step", 0)), int(state.get("waited", 0))
