#version 300 es
// Filters an environment for shading, as src/incarnate/light/filters.py: sums over its texels.
precision highp float;
precision highp int;
precision highp sampler2D;

#include octahedral

uniform int u_tile;
uniform int u_reach;             // rows of the map to both sides that count
uniform sampler2D u_light;
out vec4 o_color;

void main() {
  ivec2 texel = ivec2(gl_FragCoord.xy) - ivec2(u_tile % 3, u_tile / 3) * TILE;
  float half_ = 0.5 * float(SIDES[u_tile]);
  vec3 axis = directionFromSquare((vec2(texel) - half_) / half_);
  float roughness = max(float(u_tile - 1) / 7.0, 1.0 / 7.0);
  float sharp = pow(roughness, 4.0) - 1.0;
  ivec2 size = textureSize(u_light, 0);
  int middle = int(acos(clamp(axis.y, -1.0, 1.0)) / 3.14159265 * float(size.y));
  vec4 sum = vec4(0.0);
  // The middle of the first column, and the turn from one to the next.
  float turn = 3.14159265 / float(size.y);
  vec2 step_ = vec2(cos(turn), sin(turn));
  vec2 first = vec2(-cos(0.5 * turn), -sin(0.5 * turn));
  for (int row = max(middle - u_reach, 0); row < min(middle + u_reach, size.y); row++) {
    float polar = (float(row) + 0.5) * turn;
    float sine = sin(polar);
    vec2 across = sine * axis.xz;
    float up = cos(polar) * axis.y;
    vec2 around = first;
    for (int column = 0; column < size.x; column++) {
      float cosine = dot(around, across) + up;
      around = vec2(around.x * step_.x - around.y * step_.y, around.x * step_.y + around.y * step_.x);
      if (cosine <= 0.0) continue;
      float share = cosine * sine;
      if (u_tile > 0) {
        float slope = (0.5 + 0.5 * cosine) * sharp + 1.0;
        share /= slope * slope;
      }
      sum += share * vec4(texelFetch(u_light, ivec2(column, row), 0).rgb, 1.0);
    }
  }
  o_color = vec4(sum.rgb / sum.a, 1.0);
}
