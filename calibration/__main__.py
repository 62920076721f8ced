"""Trains the calibration model: `python -m calibration FOLDER`, also where the generator alone is installed."""

import sys
from pathlib import Path

from calibration.model import current_model
from seep.errors import InputError

try:
    print(current_model(Path(sys.argv[1])))
except IndexError:
    sys.exit("expected the folder in which the model is kept")
except InputError as error:
    sys.exit(str(error))
