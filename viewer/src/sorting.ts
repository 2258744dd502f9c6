// The worker that poses the splats' centres and sorts them by depth, off the page's thread.

import { floatsFromHalves } from "./glb";
import { CHANGES, type Package } from "./package";

export interface SortStart {
  means: Float32Array;
  /** [N][3][width] */
  basis: Float32Array;
  width: number;
  /** Of a body: what the basis adds to, [N][3], and how it is bounded: limit · tanh(unit / limit · sum). */
  bounded: { start: Float32Array; unit: number; limit: number } | undefined;
  influences: number;
  joints: Float32Array;
  weights: Float32Array;
}

/** Where the offset stands among a body's changes. */
const OFFSET = 3;

/** What posing an avatar's centres needs of it. */
export function sortStart(avatar: Package): SortStart {
  const { count, influences } = avatar;
  const { means, joints, weights } = avatar.splats;
  const common = { means, joints, weights, influences };
  if (avatar.kind === "head") {
    const { basis, width } = avatar.deformation;
    return { ...common, basis: floatsFromHalves(basis), width, bounded: undefined };
  }
  const { basis, scale, width, units, limits } = avatar.changes;
  const whole = floatsFromHalves(avatar.changes.start);
  const start = new Float32Array(3 * count);
  const offsets = new Float32Array(3 * width * count);
  for (let i = 0; i < 3 * count; i++) {
    const channel = OFFSET + (i % 3);
    const from = CHANGES * Math.floor(i / 3) + channel;
    start[i] = whole[from];
    for (let k = 0; k < width; k++) offsets[i * width + k] = basis[from * width + k] * scale[channel * width + k];
  }
  return { ...common, basis: offsets, width, bounded: { start, unit: units[OFFSET], limit: limits[OFFSET] } };
}

export interface SortRequest {
  /** Echoed with the answer. */
  id: number;
  /** Left out where the pose is the last one. */
  coefficients?: Float32Array;
  transforms?: Float32Array;
  /** Depth is this row times (x, y, z, 1). */
  depthRow: number[];
}

export interface SortAnswer {
  id: number;
  /** Farthest first. */
  order: Uint32Array<ArrayBuffer>;
}

const KEYS = 1 << 16;

export class Sorter {
  /** [N][3], the centres in the last pose. */
  readonly world: Float32Array;

  constructor(private readonly start: SortStart) {
    this.world = new Float32Array(start.means.length);
  }

  sort(request: SortRequest): SortAnswer {
    if (request.coefficients && request.transforms) this.pose(request.coefficients, request.transforms);
    const count = this.world.length / 3;
    const [a, b, c, d] = request.depthRow;
    const depths = new Float32Array(count);
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      const depth = a * this.world[3 * i] + b * this.world[3 * i + 1] + c * this.world[3 * i + 2] + d;
      depths[i] = depth;
      if (depth < low) low = depth;
      if (depth > high) high = depth;
    }
    const gain = (KEYS - 1) / Math.max(high - low, 1e-9);
    const starts = new Uint32Array(KEYS + 1);
    const keys = new Uint16Array(count);
    for (let i = 0; i < count; i++) {
      keys[i] = (high - depths[i]) * gain;
      starts[keys[i] + 1]++;
    }
    for (let key = 0; key < KEYS; key++) starts[key + 1] += starts[key];
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[starts[keys[i]]++] = i;
    return { id: request.id, order };
  }

  pose(mix: Float32Array, transforms: Float32Array): void {
    const { means, basis, width, bounded, influences, joints, weights } = this.start;
    const { world } = this;
    const moved = [0, 0, 0];
    for (let i = 0; i < means.length / 3; i++) {
      for (let axis = 0; axis < 3; axis++) {
        const at = width * (3 * i + axis);
        let sum = bounded ? bounded.start[3 * i + axis] : 0;
        for (let k = 0; k < width; k++) sum += basis[at + k] * mix[k];
        if (bounded) sum = bounded.limit * Math.tanh((sum * bounded.unit) / bounded.limit);
        moved[axis] = means[3 * i + axis] + sum;
      }
      const [x, y, z] = moved;
      let [u, v, w] = [0, 0, 0];
      for (let n = influences * i; n < influences * (i + 1); n++) {
        const [share, m] = [weights[n], 16 * joints[n]];
        u += share * (transforms[m] * x + transforms[m + 4] * y + transforms[m + 8] * z + transforms[m + 12]);
        v += share * (transforms[m + 1] * x + transforms[m + 5] * y + transforms[m + 9] * z + transforms[m + 13]);
        w += share * (transforms[m + 2] * x + transforms[m + 6] * y + transforms[m + 10] * z + transforms[m + 14]);
      }
      world[3 * i] = u;
      world[3 * i + 1] = v;
      world[3 * i + 2] = w;
    }
  }
}
