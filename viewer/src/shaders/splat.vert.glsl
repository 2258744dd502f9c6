#version 300 es
// One quad a splat, farthest first; the projection is src/incarnate/splats/reference.py's.
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp usampler2D;

uniform usampler2D u_order;
uniform sampler2D u_mean, u_turn, u_color, u_scale, u_surface;
uniform bool u_painted;   // whether u_color holds albedo and exposure, or the exposure of each colour
uniform mat4 u_view;      // camera from world, OpenCV axes
uniform vec4 u_pinhole;   // fx, fy, cx, cy in pixels
uniform vec2 u_size;      // of the picture, pixels

flat out vec2 v_mean;
flat out vec3 v_conic;
flat out float v_opacity;
flat out vec3 v_albedo, v_normal, v_exposure;
flat out vec2 v_gloss;

const float CUT = 1.0 / 255.0;

vec4 at(sampler2D data, int index) {
  int width = textureSize(data, 0).x;
  return texelFetch(data, ivec2(index % width, index / width), 0);
}

void main() {
  int width = textureSize(u_order, 0).x;
  int splat = int(texelFetch(u_order, ivec2(gl_InstanceID % width, gl_InstanceID / width), 0).r);
  gl_Position = vec4(0.0, 0.0, 2.0, 1.0);  // outside, unless it turns out to be drawn
  vec4 mean = at(u_mean, splat);
  vec3 seen = (u_view * vec4(mean.xyz, 1.0)).xyz;
  if (seen.z <= 0.01 || mean.w < CUT) return;

  vec4 q = at(u_turn, splat);
  float w = q.x, x = q.y, y = q.z, z = q.w;
  mat3 axes = mat3(1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y),
                   2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x),
                   2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y));
  v_normal = axes[2];
  vec3 scale = at(u_scale, splat).xyz;
  mat3 stretched = mat3(u_view) * mat3(axes[0] * scale.x, axes[1] * scale.y, axes[2] * scale.z);

  vec2 focal = u_pinhole.xy, center = u_pinhole.zw;
  vec2 slopes = seen.xy / seen.z;
  vec2 margin = 0.15 * u_size / focal;
  vec2 held = clamp(slopes, -center / focal - margin, (u_size - center) / focal + margin);
  // Rows of J·W·axes·scale: a covariance is their products.
  vec3 across = focal.x / seen.z * vec3(stretched[0].x - held.x * stretched[0].z,
      stretched[1].x - held.x * stretched[1].z, stretched[2].x - held.x * stretched[2].z);
  vec3 down = focal.y / seen.z * vec3(stretched[0].y - held.y * stretched[0].z,
      stretched[1].y - held.y * stretched[1].z, stretched[2].y - held.y * stretched[2].z);
  float xx = dot(across, across) + 0.3, xy = dot(across, down), yy = dot(down, down) + 0.3;
  float determinant = xx * yy - xy * xy;
  if (!(determinant > 0.0)) return;
  v_conic = vec3(yy, -xy, xx) / determinant;
  v_mean = slopes * focal + center;
  v_opacity = mean.w;

  // The quad lies along the ellipse's axes and reaches to where alpha falls under 1/255.
  float middle = 0.5 * (xx + yy), apart = length(vec2(0.5 * (xx - yy), xy));
  vec2 variance = max(vec2(middle + apart, middle - apart), 0.0);
  vec2 along = apart < 1e-9 ? vec2(1.0, 0.0)
      : normalize(xx >= yy ? vec2(variance.x - yy, xy) : vec2(xy, variance.x - xx));
  vec2 reach = sqrt(2.0 * log(mean.w / CUT) * variance) + 0.5;
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
  vec2 pixel = v_mean + corner.x * reach.x * along + corner.y * reach.y * vec2(-along.y, along.x);
  gl_Position = vec4(pixel.x / u_size.x * 2.0 - 1.0, 1.0 - pixel.y / u_size.y * 2.0, 0.0, 1.0);

  vec4 surface = at(u_surface, 2 * splat);
  vec4 color = at(u_color, splat);
  v_albedo = u_painted ? color.rgb : surface.rgb;
  v_gloss = vec2(surface.a, at(u_surface, 2 * splat + 1).x);
  v_exposure = u_painted ? color.aaa : color.rgb;
}
