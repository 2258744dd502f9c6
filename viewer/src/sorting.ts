// The worker that poses the splats' centres and sorts them by depth, off the page's thread.

import { floatsFromHalves } from "./glb";

export interface SortStart {
  means: Float32Array;
  basis: Uint16Array;
  width: number;
  joints: Float32Array;
  weights: Float32Array;
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
  private readonly basis: Float32Array;
  private readonly world: Float32Array;

  constructor(private readonly start: SortStart) {
    this.basis = floatsFromHalves(start.basis);
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

  private pose(mix: Float32Array, transforms: Float32Array): void {
    const { means, width, joints, weights } = this.start;
    const { basis, world } = this;
    for (let i = 0; i < means.length / 3; i++) {
      let [x, y, z] = [means[3 * i], means[3 * i + 1], means[3 * i + 2]];
      const at = 3 * width * i;
      for (let k = 0; k < width; k++) {
        x += basis[at + k] * mix[k];
        y += basis[at + width + k] * mix[k];
        z += basis[at + 2 * width + k] * mix[k];
      }
      let [u, v, w] = [0, 0, 0];
      for (let n = 4 * i; n < 4 * i + 4; n++) {
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
