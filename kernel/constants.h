// The numbers of the rasterizer's contract; src/incarnate/splats/reference.py says what they mean.
#pragma once

namespace incarnate {

constexpr float kNearPlane = 0.01f;
constexpr float kLowPass = 0.3f;
constexpr float kFieldMargin = 0.3f;
constexpr float kAlphaCut = 1.0f / 255.0f;
constexpr float kLog2AlphaCut = -7.994353436858858f;
constexpr float kAlphaMax = 0.999f;
constexpr float kMinTransmittance = 1e-4f;

}  // namespace incarnate
