// What heads and bodies share: where a splat stands, and how joints move it.
uniform int u_count, u_columns, u_sets;
uniform sampler2D u_rest;      // two texels a splat: mean and opacity, rotation xyzw
uniform sampler2D u_skin;      // two texels a set: joints, weights
uniform sampler2D u_joints;    // a row a joint: three rows of the transform, its turn wxyz, its frames

struct Skinned {
  vec3 mean;
  vec4 turn;   // wxyz, not of unit length
  vec2 share;  // of the frames
};

vec4 at(sampler2D data, int index) {
  int width = textureSize(data, 0).x;
  return texelFetch(data, ivec2(index % width, index / width), 0);
}

int splatHere() {
  return int(gl_FragCoord.y) * u_columns + int(gl_FragCoord.x);
}

vec4 turned(vec4 a, vec4 b) {  // wxyz
  return vec4(a.x * b.x - dot(a.yzw, b.yzw), a.x * b.yzw + b.x * a.yzw + cross(a.yzw, b.yzw));
}

Skinned skinned(int splat, vec3 place) {
  vec4 point = vec4(place, 1.0);
  Skinned moved = Skinned(vec3(0.0), vec4(0.0), vec2(0.0));
  for (int n = u_sets * splat; n < u_sets * (splat + 1); n++) {
    vec4 joints = at(u_skin, 2 * n), weights = at(u_skin, 2 * n + 1);
    for (int i = 0; i < 4; i++) {
      int joint = int(joints[i]);
      for (int row = 0; row < 3; row++) {
        moved.mean[row] += weights[i] * dot(texelFetch(u_joints, ivec2(row, joint), 0), point);
      }
      moved.turn += weights[i] * texelFetch(u_joints, ivec2(3, joint), 0);
      moved.share += weights[i] * texelFetch(u_joints, ivec2(4, joint), 0).xy;
    }
  }
  return moved;
}
