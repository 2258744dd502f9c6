// Compiled once for each instruction set: names what that set provides.
#include "blend/backward.h"
#include "blend/forward.h"
#include "image_loss/rows.h"
#include "project/lanes.h"
#include "shade/gradient.h"
#include "shade/pixels.h"
#include "shade/surface.h"
#include "simd/stages.h"

#define INCARNATE_TEXT_(x) #x
#define INCARNATE_TEXT(x) INCARNATE_TEXT_(x)

namespace incarnate::INCARNATE_ISA {
namespace {

template <int kValues>
constexpr BlendKernel kKernel{kValues, kMomentStride<kValues>, forward_tile<kValues>,
                              backward_tile<kValues>, sum_entries<kValues>};

// Values are features and one depth. Nine and ten are a head's materials.
constexpr BlendKernel kKernels[] = {kKernel<2>, kKernel<4>,  kKernel<5>,  kKernel<8>, kKernel<9>,
                                    kKernel<10>, kKernel<12>, kKernel<17>};

const BlendKernel& blend_kernel(int num_values) {
  for (const BlendKernel& kernel : kKernels)
    if (num_values <= kernel.width) return kernel;
  return kKernels[sizeof kKernels / sizeof kKernels[0] - 1];
}

}  // namespace

const Stages stages{INCARNATE_TEXT(INCARNATE_ISA),
                    blend_kernel,
                    project_forward,
                    project_backward,
                    ssim_row,
                    ssim_gradient_row,
                    l1_row,
                    loss_gradient_row,
                    shade_lanes,
                    shade_lanes_backward,
                    shade_pixels,
                    shade_pixels_backward};

}  // namespace incarnate::INCARNATE_ISA
