#version 300 es
// A splat a pixel: blendshapes, skinning, and the light that reaches it (docs/package.md).
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp isampler2D;

uniform int u_count, u_width, u_rank, u_codes;
uniform bool u_baked, u_training;
uniform sampler2D u_rest;      // two texels a splat: mean and opacity, rotation xyzw
uniform sampler2D u_skin;      // two texels: joints, weights
uniform sampler2D u_basis;     // 3/4 u_width texels
uniform sampler2D u_surface;   // two texels: albedo and roughness; F0, hidden, occlusion
uniform sampler2D u_gain;      // one texel
uniform sampler2D u_sky;       // u_rank/4 texels
uniform isampler2D u_shade;    // u_codes/4 texels
uniform sampler2D u_mix;       // coefficients, four a texel
uniform sampler2D u_shadeMix;  // occlusionScale · code, four a texel
uniform sampler2D u_joints;    // a row a joint: three rows of the transform, then its turn wxyz
uniform sampler2D u_fan;       // a row for each of both frames: rank texels lit, rank texels clear
uniform vec3 u_mean;           // of the fan

layout(location = 0) out vec4 o_mean;
layout(location = 1) out vec4 o_turn;
layout(location = 2) out vec4 o_exposure;

vec4 at(sampler2D data, int index) {
  int width = textureSize(data, 0).x;
  return texelFetch(data, ivec2(index % width, index / width), 0);
}

vec4 turned(vec4 a, vec4 b) {  // wxyz
  return vec4(a.x * b.x - dot(a.yzw, b.yzw), a.x * b.yzw + b.x * a.yzw + cross(a.yzw, b.yzw));
}

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
  int splat = int(gl_FragCoord.y) * textureSize(u_gain, 0).x + int(gl_FragCoord.x);
  if (splat >= u_count) discard;
  vec4 rest = at(u_rest, 2 * splat), rotation = at(u_rest, 2 * splat + 1);
  vec4 joints = at(u_skin, 2 * splat), weights = at(u_skin, 2 * splat + 1);
  vec4 point = vec4(rest.xyz + displacement(splat), 1.0);
  vec3 mean = vec3(0.0);
  vec4 turn = vec4(0.0);
  vec2 share = vec2(0.0);
  for (int i = 0; i < 4; i++) {
    int joint = int(joints[i]);
    for (int row = 0; row < 3; row++) {
      mean[row] += weights[i] * dot(texelFetch(u_joints, ivec2(row, joint), 0), point);
    }
    turn += weights[i] * texelFetch(u_joints, ivec2(3, joint), 0);
    share += weights[i] * texelFetch(u_joints, ivec2(4, joint), 0).xy;
  }
  vec4 surface = at(u_surface, 2 * splat), more = at(u_surface, 2 * splat + 1);
  o_mean = vec4(mean, rest.w);
  o_turn = normalize(turned(turn, rotation.wxyz));
  vec3 open = vec3(1.0);
  if (!u_baked) {
    open = exposure(splat, share, surface.rgb, more.y) * occlusion(splat, more.z);
    if (u_training) open *= at(u_gain, splat).rgb;
  }
  o_exposure = vec4(open, 1.0);
}
