// Rotations as axis-angle vectors, which can be averaged and filtered number by number.

export type Vector = readonly [number, number, number];
/** xyzw */
export type Quaternion = readonly [number, number, number, number];

/** xyzw of an axis-angle vector, radians. */
export function quaternionOf([x, y, z]: Vector): Quaternion {
  const angle = Math.hypot(x, y, z);
  const part = angle < 1e-9 ? 0.5 : Math.sin(angle / 2) / angle;
  return [x * part, y * part, z * part, Math.cos(angle / 2)];
}

/** The axis-angle vector, of length at most π, of a unit quaternion xyzw. */
export function axisAngleOf(quaternion: ArrayLike<number>): Vector {
  const sign = quaternion[3] < 0 ? -1 : 1;
  const [x, y, z, w] = [0, 1, 2, 3].map((i) => sign * quaternion[i]);
  const sine = Math.hypot(x, y, z);
  const part = sine < 1e-9 ? 2 : (2 * Math.atan2(sine, w)) / sine;
  return [x * part, y * part, z * part];
}

/** goal · start⁻¹ · now: the turn since the start, from the goal on, about the body's own axes. */
export function turnedSince(now: Vector, start: Vector, goal: Vector): Vector {
  const back: Vector = [-start[0], -start[1], -start[2]];
  return axisAngleOf(product(product(quaternionOf(goal), quaternionOf(back)), quaternionOf(now)));
}

/**
 * The turn, xyzw, that best takes some points to others about their means (Horn, "Closed-form solution of absolute
 * orientation using unit quaternions", 1987).
 *
 * @param from - [N][3]
 * @param to - [N][3]
 */
export function turnBetween(from: ArrayLike<number>, to: ArrayLike<number>): number[] {
  const means = [from, to].map((points) => meanOf(points));
  const s = new Float64Array(9);
  for (let i = 0; i < from.length; i += 3) {
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c < 3; c++) s[3 * r + c] += (from[i + r] - means[0][r]) * (to[i + c] - means[1][c]);
    }
  }
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = s;
  return mainDirection([
    xx - yy - zz, xy + yx, zx + xz, yz - zy,
    xy + yx, yy - xx - zz, yz + zy, zx - xz,
    zx + xz, yz + zy, zz - xx - yy, xy - yx,
    yz - zy, zx - xz, xy - yx, xx + yy + zz,
  ]);
}

function meanOf(points: ArrayLike<number>): number[] {
  const sum = [0, 0, 0];
  for (let i = 0; i < points.length; i++) sum[i % 3] += points[i];
  return sum.map((value) => (3 * value) / points.length);
}

/** The eigenvector of the largest eigenvalue of a symmetric 4 × 4 matrix without trace. */
function mainDirection(matrix: number[]): number[] {
  // Moved so that all eigenvalues are positive, then squared: the largest one outgrows the others.
  const bound = Math.hypot(...matrix);
  let power = matrix.map((value, i) => value + (i % 5 === 0 ? bound : 0));
  for (let step = 0; step < 8; step++) {
    const size = Math.hypot(...power) || 1;
    const part = power.map((value) => value / size);
    power = part.map((_, i) => {
      const [r, c] = [Math.floor(i / 4), i % 4];
      return [0, 1, 2, 3].reduce((sum, k) => sum + part[4 * r + k] * part[4 * k + c], 0);
    });
  }
  // Its columns are all that direction; the longest has most digits.
  const best = [0, 1, 2, 3].reduce((a, b) => (power[5 * b] > power[5 * a] ? b : a));
  const column = [0, 1, 2, 3].map((r) => power[4 * r + best]);
  const length = Math.hypot(...column) || 1;
  return column.map((value) => value / length);
}

function product(a: Quaternion, b: Quaternion): Quaternion {
  const [ax, ay, az, aw] = a;
  const [bx, by, bz, bw] = b;
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}
