"""A submission's imports: what differentiates is refused, and what only shows does nothing."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from backproof.candidates import imports
from backproof.candidates.imports import FORBIDDEN, STAND_INS


@pytest.fixture
def submission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the finder for a folder, and forget afterwards what it found."""
    listed = FORBIDDEN | STAND_INS
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in [name for name in sys.modules if name.partition(".")[0] in listed]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    imports.install([str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in listed]:
        del sys.modules[name]


def run(code: str) -> dict[str, Any]:
    """Execute what a submission may have at its top."""
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - written here
    return names


@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_a_package_that_differentiates_is_refused(submission: Path, name: str) -> None:
    """Installed or not, in whole or in part, with the reason."""
    for module in (name, f"{name}.part"):
        with pytest.raises(ImportError, match=f"^{name} may not be imported by a submission$"):
            importlib.import_module(module)


def test_a_module_put_in_its_place_does_not_open_the_package(submission: Path) -> None:
    """Nor do its parts come with it."""
    sys.modules["torch"] = planted = ModuleType("torch")
    planted.__path__ = [str(Path(site) / "torch") for site in sys.path]
    with pytest.raises(ImportError, match="torch may not be imported"):
        importlib.import_module("torch.autograd")


@pytest.mark.parametrize("module", ["{}.py", "{}/__init__.py"])
@pytest.mark.parametrize("name", ["autograd", "tqdm"])
def test_a_submissions_own_module_of_the_name_is_its_own(
    submission: Path, name: str, module: str
) -> None:
    path = submission / module.format(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("answer = 42\n", "utf-8")
    assert importlib.import_module(name).answer == 42
    if path.parent != submission:
        (path.parent / "part.py").write_text("answer = 43\n", "utf-8")
        assert importlib.import_module(f"{name}.part").answer == 43


def test_a_mere_folder_of_the_name_is_not_a_module(submission: Path) -> None:
    """An installed package would go before it."""
    (submission / "torch").mkdir()
    with pytest.raises(ImportError, match="torch may not be imported"):
        importlib.import_module("torch")


def test_other_packages_are_real(submission: Path) -> None:
    assert importlib.import_module("numpy.linalg").norm([3, 4]) == 5
    with pytest.raises(ModuleNotFoundError, match="No module named 'torchlike'"):
        importlib.import_module("torchlike")


@pytest.mark.parametrize(
    "code",
    [
        "import matplotlib\nmatplotlib.use('Agg')\nassert matplotlib.__version__ < '1'",
        "import matplotlib.pyplot as plt\nplt.rcParams['figure.figsize'] = (10, 8)",
        "from matplotlib import pyplot as plt\nfig, ax = plt.subplots(2)\nax[0, 1].plot([1], [2])",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nfor line in ax.lines: 1 / 0",
        "from matplotlib.ticker import Formatter\nclass Mine(Formatter):\n  x = 1",
        "from mpl_toolkits.mplot3d import Axes3D",
        "import seaborn as sns\nsns.set_theme(style='dark')",
        "from IPython.display import clear_output, display\nclear_output(wait=True)",
        "import IPython\nwith IPython.utils.capture() as captured: pass",
        "from PIL import Image\nimport cv2, imageio, plotly.express as px, wandb, ipywidgets",
    ],
)
def test_plots_are_imported_and_drawn_nowhere(submission: Path, code: str) -> None:
    run(code)


@pytest.mark.parametrize(
    "code",
    [
        "from tqdm import tqdm\nseen = list(tqdm(range(3), desc='epoch'))",
        "import tqdm\nseen = [x for x in tqdm.tqdm(range(3))]",
        "from tqdm.auto import tqdm\nseen = [x for _, x in enumerate(tqdm([0, 1, 2]))]",
        "from tqdm.notebook import trange\nseen = list(trange(3, leave=False))",
        "from tqdm import tqdm\nwith tqdm(range(3)) as bar:\n  seen = list(bar)\n  bar.update(1)",
        "from tqdm import tqdm\nseen = list(range(len(tqdm([5, 6, 7]))))",
    ],
)
def test_a_progress_bar_yields_what_it_is_put_round(submission: Path, code: str) -> None:
    assert run(code)["seen"] == [0, 1, 2]


def test_a_progress_bar_without_a_loop_is_updated_by_hand(submission: Path) -> None:
    run("from tqdm import tqdm\nbar = tqdm(total=3)\nbar.update(3)\ntqdm.write('x')\nlist(bar)")


def test_an_inert_value_is_no_array(submission: Path) -> None:
    """It answers to none of the protocols by which NumPy would take it for numbers."""
    inert = run("from matplotlib import pyplot\nx = pyplot.anything")["x"]
    assert not any(hasattr(inert, name) for name in ("__array__", "__float__", "__array_ufunc__"))
    with pytest.raises(TypeError):
        inert + 1


def test_without_the_finder_they_are_what_is_installed() -> None:
    """So it is the finder that refuses."""
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert Path(str(spec.origin)).is_file()
