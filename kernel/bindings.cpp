// The Python module `incarnate._kernel`.

#include <nanobind/nanobind.h>

NB_MODULE(_kernel, m) {
  m.doc() = "Compiled splat rasterizer.";
  m.def("version", [] { return 1; });
}
