"""A process that trains and tells each step, so that it can be killed: `training_victim.py DATA OUT PRESET OPTIONS`.

PRESET is a preset and OPTIONS are arguments of `fit`, both in JSON. Standard output: a step and its loss in a line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.presets import Preset

if __name__ == "__main__":
    folder, out, preset, options = sys.argv[1:]
    data = Dataset.open(Path(folder))
    fit(
        data,
        Path(out),
        Preset.from_dict(json.loads(preset)),
        validation=data,
        report=lambda step, values: sys.stdout.write(f"{step} {values['loss']!r}\n") and sys.stdout.flush(),
        **json.loads(options),
    )
