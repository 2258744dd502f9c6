"""A pytest plugin: test the kernel of another build folder, which INCARNATE_KERNEL names.

``make sanitize`` builds one that watches its memory, and runs the kernel's tests with it.
"""

import importlib.util
import os
import sys
from pathlib import Path

NAME = "incarnate._kernel"
(path,) = Path(os.environ["INCARNATE_KERNEL"]).glob("_kernel*.so")
spec = importlib.util.spec_from_file_location(NAME, path)
assert spec is not None
assert spec.loader is not None
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
sys.modules[NAME] = module
