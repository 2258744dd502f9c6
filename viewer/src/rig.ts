// From a pose to what moves the splats: joint transforms, codes, coefficients (docs/package.md).

import type { Clip, HeadPackage, Package, Skeleton } from "./package";

export interface Pose {
  expression: Float32Array;
  /** [J][4], xyzw, about the rest joint in rest axes; joint 0 in world axes. */
  rotations: Float32Array;
  translation: Float32Array;
}

export interface Posed {
  /** [J][16], column-major: rest space to world. */
  transforms: Float32Array;
  /** [J][4], wxyz, all in one hemisphere. */
  turns: Float32Array;
  /** Of a head; a body has none. */
  codes: Float32Array;
  coefficients: Float32Array;
}

export function restPose(avatar: Package): Pose {
  const count = avatar.skeleton.names.length;
  const rotations = new Float32Array(4 * count);
  for (let joint = 0; joint < count; joint++) rotations[4 * joint + 3] = 1;
  return { expression: new Float32Array(avatar.expressions.length), rotations, translation: new Float32Array(3) };
}

/** Face and joints at rest, the whole where the clip begins. */
export function startPose(avatar: Package, clip: Clip | undefined): Pose {
  const pose = restPose(avatar);
  if (clip) {
    const first = poseOfClip(clip, 0);
    pose.translation = first.translation;
    pose.rotations.set(first.rotations.subarray(0, 4));
  }
  return pose;
}

/** The clip at a moment (in frames), between frames by interpolation. */
export function poseOfClip(clip: Clip, moment: number): Pose {
  const at = Math.max(0, Math.min(clip.frames - 1, moment));
  const first = Math.min(Math.floor(at), Math.max(0, clip.frames - 2));
  const second = Math.min(first + 1, clip.frames - 1);
  return mixPoses(poseOfFrame(clip, first), poseOfFrame(clip, second), at - first);
}

function poseOfFrame(clip: Clip, frame: number): Pose {
  const width = clip.expression.length / clip.frames;
  const rotations = new Float32Array(4 * clip.rotations.length);
  clip.rotations.forEach((track, joint) => rotations.set(track.subarray(4 * frame, 4 * frame + 4), 4 * joint));
  return {
    expression: clip.expression.slice(frame * width, (frame + 1) * width),
    rotations,
    translation: clip.translation.slice(3 * frame, 3 * frame + 3),
  };
}

/** Between two poses; a part of 0 is the first, of 1 the second. */
export function mixPoses(first: Pose, second: Pose, part: number): Pose {
  const mix = (from: Float32Array, to: Float32Array): Float32Array => from.map((value, i) => value * (1 - part) + to[i] * part);
  const rotations = new Float32Array(first.rotations.length);
  for (let at = 0; at < rotations.length; at += 4) {
    let dot = 0;
    for (let i = at; i < at + 4; i++) dot += first.rotations[i] * second.rotations[i];
    let length = 0;
    for (let i = at; i < at + 4; i++) {
      const value = first.rotations[i] * (1 - part) + Math.sign(dot || 1) * second.rotations[i] * part;
      rotations[i] = value;
      length += value * value;
    }
    for (let i = at; i < at + 4; i++) rotations[i] /= Math.sqrt(length);
  }
  return {
    expression: mix(first.expression, second.expression),
    rotations,
    translation: mix(first.translation, second.translation),
  };
}

/** Multiply a rotation (axis-angle, radians) onto a joint of a pose. */
export function turnJoint(pose: Pose, joint: number, axisAngle: readonly number[]): void {
  const angle = Math.hypot(axisAngle[0], axisAngle[1], axisAngle[2]);
  const half = angle < 1e-9 ? 0.5 : Math.sin(angle / 2) / angle;
  const added = [...axisAngle.map((value) => value * half), Math.cos(angle / 2)];
  const old = pose.rotations.slice(4 * joint, 4 * joint + 4);
  pose.rotations.set(product(added, old), 4 * joint);
}

function product(a: ArrayLike<number>, b: ArrayLike<number>): number[] {
  const [ax, ay, az, aw] = [a[0], a[1], a[2], a[3]];
  const [bx, by, bz, bw] = [b[0], b[1], b[2], b[3]];
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}

/** Row-major 3 × 3 of a unit quaternion xyzw. */
function matrix(x: number, y: number, z: number, w: number): number[] {
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
  ];
}

export function poseAvatar(avatar: Package, pose: Pose): Posed {
  const { skeleton } = avatar;
  const count = skeleton.names.length;
  const local = Array.from({ length: count }, (_, joint) => {
    const [x, y, z, w] = pose.rotations.subarray(4 * joint, 4 * joint + 4);
    return matrix(x, y, z, w);
  });
  const moved = chain(skeleton, pose, local);
  if (avatar.kind === "body") return { ...moved, codes: new Float32Array(), coefficients: pose.expression };
  const codes = codesOf(avatar, pose, local);
  return { ...moved, codes, coefficients: mixOf(avatar, pose, codes) };
}

function chain(skeleton: Skeleton, pose: Pose, local: number[][]): Pick<Posed, "transforms" | "turns"> {
  const count = local.length;
  const transforms = new Float32Array(16 * count);
  const turns = new Float32Array(4 * count);
  const world: { turn: number[]; shift: number[]; quaternion: number[] }[] = [];
  for (let joint = 0; joint < count; joint++) {
    const parent = skeleton.parents[joint];
    const above = world[parent] ?? {
      turn: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      shift: [...pose.translation],
      quaternion: [0, 0, 0, 1],
    };
    const place = skeleton.places.subarray(3 * joint, 3 * joint + 3);
    const own = local[joint];
    // x → R (x − place) + place, then what the parent does.
    const about = [0, 1, 2].map(
      (r) => place[r] - (own[3 * r] * place[0] + own[3 * r + 1] * place[1] + own[3 * r + 2] * place[2]),
    );
    const turn = Array.from({ length: 9 }, (_, i) => {
      const [r, c] = [Math.floor(i / 3), i % 3];
      return above.turn[3 * r] * own[c] + above.turn[3 * r + 1] * own[3 + c] + above.turn[3 * r + 2] * own[6 + c];
    });
    const shift = [0, 1, 2].map(
      (r) =>
        above.turn[3 * r] * about[0] + above.turn[3 * r + 1] * about[1] + above.turn[3 * r + 2] * about[2] +
        above.shift[r],
    );
    const quaternion = product(above.quaternion, pose.rotations.subarray(4 * joint, 4 * joint + 4));
    world.push({ turn, shift, quaternion });
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c < 3; c++) transforms[16 * joint + 4 * c + r] = turn[3 * r + c];
      transforms[16 * joint + 12 + r] = shift[r];
    }
    transforms[16 * joint + 15] = 1;
    const first = world[0].quaternion;
    const dot = quaternion.reduce((sum, value, i) => sum + value * first[i], 0);
    const sign = dot < 0 ? -1 : 1;
    turns.set([quaternion[3], quaternion[0], quaternion[1], quaternion[2]].map((v) => sign * v), 4 * joint);
  }
  return { transforms, turns };
}

/** Learned codes: principal components of expression and joint rotations, softly limited. */
function codesOf(avatar: HeadPackage, pose: Pose, local: number[][]): Float32Array {
  const { mean, components, codes, limit } = avatar.deformation;
  const raw = new Float64Array(codes);
  const add = (feature: number, value: number): void => {
    const centered = value - mean[feature];
    for (let code = 0; code < codes; code++) raw[code] += centered * components[feature * codes + code];
  };
  const expressions = avatar.expressions.length;
  for (let i = 0; i < expressions; i++) add(i, pose.expression[i]);
  for (let joint = 1; joint < local.length; joint++) {
    for (let i = 0; i < 9; i++) add(expressions + 9 * (joint - 1) + i, local[joint][i] - (i % 4 === 0 ? 1 : 0));
  }
  return Float32Array.from(raw, (value) => limit * Math.tanh(value / limit));
}

function mixOf(avatar: HeadPackage, pose: Pose, codes: Float32Array): Float32Array {
  const { coefficients, width } = avatar.deformation;
  const features = [...pose.expression, ...codes];
  return Float32Array.from({ length: width }, (_, k) =>
    features.reduce((sum, value, i) => sum + value * coefficients[k * features.length + i], 0),
  );
}
