// The parts of the kernel that are compiled once for each instruction set.
#pragma once

#include "blend/blend.h"
#include "image_loss/image_loss.h"
#include "project/project.h"
#include "shade/picture.h"
#include "shade/shade.h"

namespace incarnate {

struct Stages {
  const char* name;
  // The kernel for blocks of this many values: the narrowest that holds them, else the widest.
  const BlendKernel& (*blend_kernel)(int num_values);
  ProjectForward project_forward;
  ProjectBackward project_backward;
  SsimRow ssim_row;
  SsimGradientRow ssim_gradient_row;
  L1Row l1_row;
  LossGradientRow loss_gradient_row;
  ShadeForward shade_forward;
  ShadeBackward shade_backward;
  ShadePixels shade_pixels;
  ShadePixelsBackward shade_pixels_backward;
};

namespace baseline {
extern const Stages stages;
}
#if defined(INCARNATE_HAS_V3)
namespace v3 {
extern const Stages stages;
}
#endif

// The best set that this processor runs, or the one that INCARNATE_INSTRUCTION_SET names
// ("baseline" or "v3"); chosen at the first call.
const Stages& stages();

}  // namespace incarnate
