"""What a submission's imports meet: forbidden packages, and stand-ins for plots and progress bars.

The runner loads this file by its path, before any of the submission: it needs the standard library
alone, and keeps to the syntax of Python 3.8.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

FORBIDDEN = frozenset(
    {
        # They differentiate for whoever asks. What merely builds on them needs no line of its own.
        "aesara",
        "algopy",
        "autograd",
        "casadi",
        "chainer",
        "drjit",
        "jax",
        "jaxlib",
        "jittor",
        "micrograd",
        "mindspore",
        "mlx",
        "mxnet",
        "oneflow",
        "paddle",
        "pytensor",
        "symengine",
        "sympy",
        "taichi",
        "tangent",
        "tensorflow",
        "theano",
        "tinygrad",
        "torch",
        "warp",
        # They hold the answers.
        "backproof",
        "derivations",
        "implementations",
    }
)
"""The packages that a submission may not import."""

STAND_INS = frozenset(
    {
        "IPython",
        "PIL",
        "cv2",
        "imageio",
        "ipywidgets",
        "matplotlib",
        "mpl_toolkits",
        "plotly",
        "seaborn",
        "tqdm",
        "wandb",
    }
)
"""The packages that a submission imports and no gradient needs, installed or not."""


def install(import_dirs: Sequence[str]) -> None:
    """Forbid and stand in, for every import from now on.

    A submission's own module of such a name is imported as it is.

    Parameters
    ----------
    import_dirs
        Where the submission's modules are imported from.
    """
    sys.meta_path.insert(0, _Finder(import_dirs))


class _Finder:
    """Answers before Python looks for a module itself."""

    def __init__(self, import_dirs: Sequence[str]) -> None:
        self.import_dirs = list(import_dirs)

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        package = name.partition(".")[0]
        if package not in FORBIDDEN | STAND_INS:
            return None
        own = PathFinder.find_spec(package, self.import_dirs)
        # A folder without __init__.py has no origin, and an installed package goes before it.
        if own is not None and own.origin is not None:
            return own if name == package else None
        if package in FORBIDDEN:
            raise ImportError(f"{package} may not be imported by a submission", name=package)
        return ModuleSpec(name, _Loader(), is_package=True)


class _Loader(Loader):
    """Makes a stand-in of any name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: a stand-in's attributes are made when they are asked for."""


class _StandIn(ModuleType):
    __version__ = "0"

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)


class _Inert:
    """Takes any call, item, attribute, iteration and `with`, and does nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Take what a class takes, as it may be written for the base of one."""

    def __getattr__(self, name: str) -> Any:
        return _attribute(self, name)

    def __call__(self, *_: Any, **__: Any) -> Any:
        return _Inert()

    def __getitem__(self, _: Any) -> _Inert:
        return _Inert()

    def __setitem__(self, _: Any, __: Any) -> None:
        pass

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Bar(_Inert):
    """A progress bar, which yields what it was put round."""

    def __init__(self, iterable: Iterable[Any] = (), *_: Any, **__: Any) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable)

    def __len__(self) -> int:
        return len(self._iterable)  # type: ignore[arg-type] # a TypeError, as len() of it is


class _Tqdm(_Inert):
    """tqdm itself: what it is called with becomes a bar."""

    def __call__(self, *args: Any, **kwargs: Any) -> _Bar:
        return _Bar(*args, **kwargs)


def _trange(*args: int, **_: Any) -> _Bar:
    return _Bar(range(*args))


def _subplots(*_: Any, **__: Any) -> tuple[_Inert, _Inert]:
    return _Inert(), _Inert()  # unpacked wherever it is called


_ATTRIBUTES = {"subplots": _subplots, "tqdm": _Tqdm(), "trange": _trange}


def _attribute(owner: object, name: str) -> Any:
    # Python and NumPy ask for protocols by such names, none of which is supported.
    if name.startswith("__"):
        raise AttributeError(f"{type(owner).__name__} has no attribute {name}")
    return _ATTRIBUTES.get(name) or _Inert()
