"""Reading arrays out of pickles without running what a pickle asks for.

Research models lie in pickles that name classes of numpy, SciPy and chumpy. Whoever unpickles
plainly runs any code that the file holds. Here each of a short list of names gives a value that
only remembers what it was told; every other name is refused before anything of it is looked up.
`dense` then makes arrays of those values. Not even numpy's own classes are handed out: with them a
pickle can make an array of pointers.
"""

import pickle
import re
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix, csc_matrix, csr_matrix

from incarnate.errors import IncarnateError, RigError

_NAMES = re.compile(
    r"chumpy(\.\w+)+|scipy\.sparse(\.\w+)*\.\w+_(matrix|array)"
    r"|numpy\.(ndarray|dtype)|numpy\._?core\.(multiarray\.(_reconstruct|scalar)|numeric\._frombuffer)"
    r"|(copyreg|copy_reg)\._reconstructor|(builtins|__builtin__)\.(object|set)|_codecs\.encode"
)
# Numbers and truth values; objects are pointers and have no place in a file of arrays.
_NUMBERS = re.compile(r"[biufc]\d{1,2}")
# A matrix of more entries than this is no regressor of a rig, but a way to fill the memory.
_MAX_DENSE = 100_000_000


class Inert:
    """Remembers what a pickle says of an object, and does nothing with it."""

    origin = ""
    """The name in the pickle."""
    arguments: tuple[Any, ...]
    """What the pickle would have called it with."""
    state: Any
    """The fields that the pickle would have set."""

    def __new__(cls, *arguments: object) -> "Inert":
        """Take what the pickle passes."""
        made = super().__new__(cls)
        made.arguments, made.state = arguments, None
        return made

    def __setstate__(self, state: object) -> None:
        """Keep the fields, as data."""
        self.state = state


class ArrayUnpickler(pickle.Unpickler):
    """Reads plain values and containers; arrays come as `Inert`, for `dense`."""

    def __init__(self, file: BufferedIOBase, *, error: type[IncarnateError], advice: str) -> None:
        """Start on a file that is open.

        Args:
            file: At the start of the pickle.
            error: What to raise where the pickle names anything else.
            advice: The last sentence of that error: what to do.
        """
        # Strings of Python 2, which hold the bytes of arrays too, are latin-1 to Python 3.
        super().__init__(file, encoding="latin1")
        self._error, self._advice = error, advice

    def find_class(self, module_name: str, global_name: str, /) -> type[Inert]:
        """A class of its own for each name, so that no pickle can alter what another gets."""
        name = f"{module_name}.{global_name}"
        if not _NAMES.fullmatch(name):
            raise self._error(
                f"the pickle mentions {name}; a file of plain arrays does not. Nothing of it was "
                f"run. {self._advice}"
            )
        return type("Inert", (Inert,), {"origin": name})


def read_pickle(path: Path, *, advice: str) -> object:
    """What a pickle of arrays holds; the arrays as `Inert`.

    Args:
        path: The file.
        advice: What to do if it is refused.

    Raises:
        RigError: It is absent, names what it should not, or is damaged.
    """
    if not path.is_file():
        raise RigError(f"no file at {path}. {advice}")
    with path.open("rb") as file:
        return read_open_pickle(file, str(path), advice=advice)


def read_open_pickle(file: BufferedIOBase, source: str, *, advice: str) -> object:
    """As `read_pickle`, from where an open file stands.

    Raises:
        RigError: The pickle names what it should not, or is damaged.
    """
    try:
        return ArrayUnpickler(file, error=RigError, advice=advice).load()
    except RigError as error:
        raise RigError(f"{source}: {error}") from error
    # A damaged or hostile pickle raises whatever the unpickler happens to meet.
    except Exception as error:
        raise RigError(
            f"{source} is not a whole pickle of arrays ({type(error).__name__}: {error}). {advice}"
        ) from error


def dense(value: object) -> np.ndarray:
    """The numbers of what a pickle gave: an array, a list, a chumpy array, a sparse matrix.

    Raises:
        ValueError: It is none of these, or damaged; its text says what came.
    """
    try:
        return _dense(value)
    except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError(f"is damaged ({type(error).__name__}: {error})") from error


def contained(value: object) -> object:
    """The single object in an array of objects, as ``numpy.save`` writes a dictionary.

    Raises:
        ValueError: It is no such array.
    """
    if isinstance(value, Inert) and value.origin.endswith("._reconstruct"):
        match value.state:
            case (_, (), _, _, [single]):
                return single
    raise ValueError("is not an array of a single object")


def _dense(value: object) -> np.ndarray:
    if not isinstance(value, Inert):
        array = np.asarray(value)
        if array.dtype == object:
            raise ValueError("holds objects, not numbers")
        return array
    origin, arguments, state = value.origin, value.arguments, value.state
    if origin.endswith("._reconstructor"):
        origin = arguments[0].origin
    if origin.endswith("._reconstruct"):
        _version, shape, dtype, column_major, content = state
        return _array(content, dtype, shape, "F" if column_major else "C")
    if origin.endswith("._frombuffer"):
        content, dtype, shape, order = arguments
        return _array(content, dtype, shape, order)
    if origin.endswith(".scalar"):
        return _array(arguments[1], arguments[0], (), "C")
    if origin.startswith("chumpy."):
        if "x" not in state:
            raise ValueError(f"is a {origin}, which is not a plain chumpy array; save its .r")
        return _dense(state["x"])
    if origin.startswith("scipy."):
        return _sparse(origin.rpartition(".")[2], state)
    raise ValueError(f"is a {origin}, not an array")


def _array(content: Any, dtype: Any, shape: tuple[int, ...], order: str) -> np.ndarray:
    """An array anew from its bytes."""
    code = dtype.arguments[0]
    if dtype.origin != "numpy.dtype" or not _NUMBERS.fullmatch(code):
        raise ValueError(f"holds {code}, not numbers")
    if isinstance(content, Inert):  # Python 3 writes bytes so in old protocols
        content = content.arguments[0] if content.arguments else ""
    content = content.encode("latin1") if isinstance(content, str) else bytes(content)
    byte_order = ">" if dtype.state and dtype.state[1] == ">" else "<"
    numbers = np.frombuffer(content, np.dtype(code).newbyteorder(byte_order))
    array = numbers.reshape(shape, order="F" if order == "F" else "C")
    return array.astype(array.dtype.newbyteorder("="))


def _sparse(kind: str, state: dict[str, Any]) -> np.ndarray:
    """A matrix anew from its parts, dense; its constructor checks that they fit."""
    rows, columns = (int(_dense(size)) for size in state["_shape"])
    if not 0 <= rows * columns <= _MAX_DENSE:
        raise ValueError(f"is a sparse matrix of {rows} × {columns}")
    data = _dense(state["data"])
    layout = kind.partition("_")[0]
    if layout == "coo":
        row, column = state["coords"] if "coords" in state else (state["row"], state["col"])
        places = (_dense(row), _dense(column))
        return coo_matrix((data, places), shape=(rows, columns)).toarray()
    if layout not in ("csc", "csr"):
        raise ValueError(f"is a sparse {kind}; save it as csc_matrix")
    make = csc_matrix if layout == "csc" else csr_matrix
    parts = (data, _dense(state["indices"]), _dense(state["indptr"]))
    matrix = make(parts, shape=(rows, columns))
    # The constructor trusts the indices; making it dense would write where they point.
    matrix.check_format(full_check=True)
    return matrix.toarray()
