#version 300 es
// Deferred shading of material sums, as src/incarnate/light/pictures.py and shading.py.
precision highp float;
precision highp int;
precision highp sampler2D;

#include octahedral

uniform sampler2D u_albedo, u_gloss, u_normal, u_exposure;
uniform sampler2D u_maps;      // filtered light
uniform sampler2D u_splitSum;  // scale and bias of F0; columns n·v, rows roughness
uniform sampler2D u_sky;       // the light itself, for the background
uniform mat3 u_worldFromCamera;
uniform vec4 u_pinhole;
uniform vec2 u_size;
uniform float u_rotation, u_gain;
uniform bool u_baked;
uniform int u_show;            // 0 the picture, 1 albedo, 2 normals, 3 gloss, 4 exposure
uniform int u_background;      // 0 a colour, 1 the light, 2 nothing
uniform vec3 u_color;          // linear
out vec4 o_color;

vec3 local(vec3 d) {
  float c = cos(u_rotation), s = sin(u_rotation);
  return vec3(c * d.x - s * d.z, d.y, s * d.x + c * d.z);
}

vec3 texel(int tile, ivec2 at) {
  return texelFetch(u_maps, ivec2(tile % 3, tile / 3) * TILE + at, 0).rgb;
}

// Bilinear, but linear on both sides where a side of the diamond cuts a cell.
vec3 map(int tile, vec2 square) {
  int half_ = SIDES[tile] / 2;
  vec2 position = abs(square) * float(half_);
  vec2 inner = min(floor(position), vec2(float(half_ - 1)));
  vec2 part = position - inner;
  ivec2 cell = ivec2(inner);
  float outer = cell.x + cell.y + 1 == half_ ? max(part.x + part.y - 1.0, 0.0) : part.x * part.y;
  ivec2 outward = ivec2(square.x < 0.0 ? -1 : 1, square.y < 0.0 ? -1 : 1);
  ivec2 first = ivec2(half_) + cell * outward;
  return (1.0 - part.x - part.y + outer) * texel(tile, first) +
         (part.x - outer) * texel(tile, first + ivec2(outward.x, 0)) +
         (part.y - outer) * texel(tile, first + ivec2(0, outward.y)) + outer * texel(tile, first + outward);
}

vec2 splitSum(float roughness, float facing) {
  vec2 at = clamp(vec2(facing, roughness), 0.0, 1.0) * 63.0;
  ivec2 low = ivec2(min(floor(at), 62.0));
  vec2 part = at - vec2(low);
  vec2 upper = mix(texelFetch(u_splitSum, low, 0).rg, texelFetch(u_splitSum, low + ivec2(1, 0), 0).rg, part.x);
  vec2 lower = mix(texelFetch(u_splitSum, low + ivec2(0, 1), 0).rg,
                   texelFetch(u_splitSum, low + ivec2(1, 1), 0).rg, part.x);
  return mix(upper, lower, part.y);
}

vec3 shade(vec3 albedo, vec2 gloss, vec3 normal, vec3 exposure, vec3 toCamera) {
  exposure = max(exposure, vec3(1e-3));
  float open = (exposure.r + exposure.g + exposure.b) / 3.0;
  albedo *= exposure / open;
  // What points away is laid into the plane of the picture.
  normal = normalize(normal - min(dot(normal, toCamera), 0.0) * toCamera);
  float facing = dot(normal, toCamera);
  vec2 terms = splitSum(gloss.x, facing);
  float share = gloss.y * terms.x + terms.y;
  vec2 mirrored = squareFromDirection(local(2.0 * facing * normal - toCamera));
  float level = clamp(gloss.x, 0.0, 1.0) * 7.0;
  int lower = int(min(floor(level), 6.0));
  vec3 glossy = mix(map(lower + 1, mirrored), map(lower + 2, mirrored), level - float(lower));
  vec3 diffuse = albedo * (1.0 - share) * map(0, squareFromDirection(local(normal)));
  float base = max(clamp(facing, 0.0, 1.0) + open, 1e-4);
  float visible = clamp(pow(base, exp2(-16.0 * gloss.x - 1.0)) - 1.0 + open, 0.0, 1.0);
  return diffuse * open + share * glossy * visible;
}

vec3 skyAlong(vec3 d) {
  d = local(d);
  vec2 size = vec2(textureSize(u_sky, 0));
  vec2 at = vec2(0.5 + atan(d.z, d.x) / 6.28318531, acos(clamp(d.y, -1.0, 1.0)) / 3.14159265) * size - 0.5;
  ivec2 low = ivec2(floor(at));
  vec2 part = at - vec2(low);
  int wide = int(size.x);
  ivec2 columns = ivec2((low.x + wide) % wide, (low.x + 1) % wide);
  ivec2 rows = clamp(ivec2(low.y, low.y + 1), 0, int(size.y) - 1);
  vec3 upper = mix(texelFetch(u_sky, ivec2(columns.x, rows.x), 0).rgb,
                   texelFetch(u_sky, ivec2(columns.y, rows.x), 0).rgb, part.x);
  vec3 lower = mix(texelFetch(u_sky, ivec2(columns.x, rows.y), 0).rgb,
                   texelFetch(u_sky, ivec2(columns.y, rows.y), 0).rgb, part.x);
  return mix(upper, lower, part.y);
}

vec3 encoded(vec3 linear) {
  vec3 curved = 1.055 * pow(max(linear, 0.0031308), vec3(1.0 / 2.4)) - 0.055;
  return mix(curved, 12.92 * max(linear, 0.0), vec3(lessThanEqual(linear, vec3(0.0031308))));
}

void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  vec4 albedo = texelFetch(u_albedo, at, 0);
  vec2 pixel = vec2(gl_FragCoord.x, u_size.y - gl_FragCoord.y);
  vec3 ray = u_worldFromCamera * normalize(vec3((pixel - u_pinhole.zw) / u_pinhole.xy, 1.0));
  vec3 seen = vec3(0.0);
  float alpha = albedo.a;
  if (alpha > 1.0 / 255.0) {
    vec2 gloss = texelFetch(u_gloss, at, 0).rg / alpha;
    vec3 normal = normalize(texelFetch(u_normal, at, 0).xyz);
    vec3 exposure = texelFetch(u_exposure, at, 0).rgb / alpha;
    vec3 color = albedo.rgb / alpha;
    if (u_show == 0 && !u_baked) color = shade(color, gloss, normal, exposure, -ray);
    if (u_show == 2) color = pow(0.5 + 0.5 * normal, vec3(2.2));
    if (u_show == 3) color = vec3(gloss.x * gloss.x);
    if (u_show == 4) color = exposure * 0.7;
    seen = color * alpha;
  }
  float gain = u_show == 0 ? u_gain : 1.0;
  vec3 behind = u_background == 1 ? skyAlong(ray) * gain : u_background == 0 ? u_color : vec3(0.0);
  if (u_background == 2) {
    // Premultiplied for the page; the colour is encoded as if over black.
    o_color = vec4(min(encoded(seen * gain), vec3(1.0)), alpha);
    return;
  }
  o_color = vec4(encoded(seen * gain + (1.0 - alpha) * behind), 1.0);
}
