#version 300 es
// A head's splat a pixel: blendshapes, skinning, and the light that reaches it (docs/package.md).
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp isampler2D;

#include skinning

uniform int u_width, u_rank, u_codes;
uniform bool u_baked, u_training;
uniform sampler2D u_basis;     // 3/4 u_width texels
uniform sampler2D u_surface;   // two texels: albedo and roughness; F0, hidden, occlusion
uniform sampler2D u_gain;      // one texel
uniform sampler2D u_sky;       // u_rank/4 texels
uniform isampler2D u_shade;    // u_codes/4 texels
uniform sampler2D u_mix;       // coefficients, four a texel
uniform sampler2D u_shadeMix;  // occlusionScale · code, four a texel
uniform sampler2D u_fan;       // a row for each of both frames: rank texels lit, rank texels clear
uniform vec3 u_mean;           // of the fan

layout(location = 0) out vec4 o_mean;
layout(location = 1) out vec4 o_turn;
layout(location = 2) out vec4 o_exposure;

vec3 displacement(int splat) {
  int quarter = u_width / 4;
  vec3 moved = vec3(0.0);
  for (int k = 0; k < quarter; k++) {
    vec4 mix_ = texelFetch(u_mix, ivec2(k, 0), 0);
    int first = splat * 3 * quarter + k;
    moved += vec3(dot(at(u_basis, first), mix_), dot(at(u_basis, first + quarter), mix_),
                  dot(at(u_basis, first + 2 * quarter), mix_));
  }
  return moved;
}

float occlusion(int splat, float logit) {
  int quarter = u_codes / 4;
  int width = textureSize(u_shade, 0).x;
  for (int k = 0; k < quarter; k++) {
    int index = splat * quarter + k;
    vec4 steps = vec4(texelFetch(u_shade, ivec2(index % width, index / width), 0));
    logit += dot(steps, texelFetch(u_shadeMix, ivec2(k, 0), 0));
  }
  return 1.0 / (1.0 + exp(-logit));
}

vec3 exposure(int splat, vec2 share, vec3 albedo, float hidden) {
  vec3 lit = vec3(0.0), clear = vec3(0.0);
  for (int r = 0; r < u_rank; r += 4) {
    vec4 weights = at(u_sky, (splat * u_rank + r) / 4);
    for (int i = 0; i < 4; i++) {
      float weight = weights[i];
      lit += weight * (share.x * texelFetch(u_fan, ivec2(r + i, 0), 0).rgb +
                       share.y * texelFetch(u_fan, ivec2(r + i, 1), 0).rgb);
      clear += weight * (share.x * texelFetch(u_fan, ivec2(u_rank + r + i, 0), 0).rgb +
                         share.y * texelFetch(u_fan, ivec2(u_rank + r + i, 1), 0).rgb);
    }
  }
  vec3 little = 0.05 * u_mean;
  return (lit + 0.7 * hidden * albedo * u_mean + little) / (clear + little);
}

void main() {
  int splat = splatHere();
  if (splat >= u_count) discard;
  vec4 rest = at(u_rest, 2 * splat), rotation = at(u_rest, 2 * splat + 1);
  Skinned moved = skinned(splat, rest.xyz + displacement(splat));
  vec4 surface = at(u_surface, 2 * splat), more = at(u_surface, 2 * splat + 1);
  o_mean = vec4(moved.mean, rest.w);
  o_turn = normalize(turned(moved.turn, rotation.wxyz));
  vec3 open = vec3(1.0);
  if (!u_baked) {
    open = exposure(splat, moved.share, surface.rgb, more.y) * occlusion(splat, more.z);
    if (u_training) open *= at(u_gain, splat).rgb;
  }
  o_exposure = vec4(open, 1.0);
}
