#version 300 es
// A body's splat a pixel: what the pose changes of it, then skinning (docs/package.md).
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp isampler2D;

#include skinning

const int CHANNELS = 14;

uniform int u_width;           // coefficients, to the next four
uniform sampler2D u_surface;   // two texels: albedo and roughness; F0
uniform sampler2D u_scale;     // one texel
uniform sampler2D u_start;     // four texels
uniform isampler2D u_basis;    // u_width/4 texels a channel
uniform sampler2D u_mix;       // a row a channel: basisScale · coefficient, four a texel; unit and limit

layout(location = 0) out vec4 o_mean;
layout(location = 1) out vec4 o_turn;
layout(location = 2) out vec4 o_color;  // albedo, exposure
layout(location = 3) out vec4 o_scale;

float change(int splat, int channel, float painted) {
  int quarter = u_width / 4;
  int first = (splat * CHANNELS + channel) * quarter;
  int width = textureSize(u_basis, 0).x;
  for (int k = 0; k < quarter; k++) {
    int index = first + k;
    vec4 steps = vec4(texelFetch(u_basis, ivec2(index % width, index / width), 0));
    painted += dot(steps, texelFetch(u_mix, ivec2(k, channel), 0));
  }
  vec2 bounds = texelFetch(u_mix, ivec2(quarter, channel), 0).xy;
  return bounds.y * tanh(clamp(painted * bounds.x / bounds.y, -15.0, 15.0));
}

vec3 logit(vec3 share, float edge) {
  vec3 held = clamp(share, edge, 1.0 - edge);
  return log(held / (1.0 - held));
}

vec3 sigmoid(vec3 value) {
  return 1.0 / (1.0 + exp(-value));
}

void main() {
  int splat = splatHere();
  if (splat >= u_count) discard;
  float changes[CHANNELS];
  for (int quarter = 0; quarter < 4; quarter++) {
    vec4 start = at(u_start, 4 * splat + quarter);
    for (int i = 0; i < 4; i++) {
      int channel = 4 * quarter + i;
      if (channel < CHANNELS) changes[channel] = change(splat, channel, start[i]);
    }
  }
  vec4 rest = at(u_rest, 2 * splat), rotation = at(u_rest, 2 * splat + 1);
  Skinned moved = skinned(splat, rest.xyz + vec3(changes[3], changes[4], changes[5]));
  float opacity = sigmoid(logit(rest.www, 1e-6) + changes[6]).x;
  vec3 axis = vec3(changes[10], changes[11], changes[12]);
  float angle = length(axis);
  vec4 turn = vec4(cos(0.5 * angle), axis * (angle < 1e-6 ? 0.5 : sin(0.5 * angle) / angle));
  vec3 albedo = logit(at(u_surface, 2 * splat).rgb, 1e-4) + vec3(changes[0], changes[1], changes[2]);
  o_mean = vec4(moved.mean, opacity);
  o_turn = normalize(turned(moved.turn, turned(turn, rotation.wxyz)));
  o_color = vec4(sigmoid(albedo), exp(changes[13]));
  o_scale = vec4(at(u_scale, splat).xyz * exp(vec3(changes[7], changes[8], changes[9])), 0.0);
}
