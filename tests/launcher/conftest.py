import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every account may enter (pytest's tmp_path is closed), with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="scratcher-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder.resolve()
    shutil.rmtree(folder)


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give away its rights")
