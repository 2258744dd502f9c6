#version 300 es
// Alpha-weighted sums of materials. Each target carries alpha, which its blending needs.
precision highp float;

uniform vec2 u_size;
flat in vec2 v_mean;
flat in vec3 v_conic;
flat in float v_opacity;
flat in vec3 v_albedo, v_normal, v_exposure;
flat in vec2 v_gloss;

layout(location = 0) out vec4 o_albedo;
layout(location = 1) out vec4 o_gloss;
layout(location = 2) out vec4 o_normal;
layout(location = 3) out vec4 o_exposure;

void main() {
  vec2 d = vec2(gl_FragCoord.x, u_size.y - gl_FragCoord.y) - v_mean;
  float exponent = -0.5 * (v_conic.x * d.x * d.x + v_conic.z * d.y * d.y) - v_conic.y * d.x * d.y;
  float alpha = min(v_opacity * exp(exponent), 0.999);
  if (alpha < 1.0 / 255.0) discard;
  o_albedo = vec4(v_albedo * alpha, alpha);
  o_gloss = vec4(v_gloss * alpha, 0.0, alpha);
  o_normal = vec4(v_normal * alpha, alpha);
  o_exposure = vec4(v_exposure * alpha, alpha);
}
