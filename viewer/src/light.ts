// Environment light on the CPU: Radiance files, resampling, and the fan of directions for shadows.

import { FileError } from "./glb";
import { DIRECTIONS, type Radiance } from "./package";

const MAX_TEXELS = 1 << 25;

/** Read a Radiance .hdr: equirectangular, top row up, RGBE, run-length coded or not. */
export function parseHdr(bytes: Uint8Array): Radiance {
  let at = 0;
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0 || end - at > 1024) throw new FileError("This is no Radiance .hdr file.");
    const text = new TextDecoder().decode(bytes.subarray(at, end));
    at = end + 1;
    return text;
  };
  if (!line().startsWith("#?")) throw new FileError("This is no Radiance .hdr file.");
  while (line() !== "");
  const size = /^-Y (\d+) \+X (\d+)$/.exec(line());
  if (!size) throw new FileError("The .hdr has another orientation than top row first; save it again.");
  const [height, width] = [Number(size[1]), Number(size[2])];
  checkSize(".hdr", width, height);
  const texels = new Float32Array(3 * width * height);
  const row = new Uint8Array(4 * width);
  for (let y = 0; y < height; y++) {
    at = readRow(bytes, at, row, width);
    for (let x = 0; x < width; x++) {
      const exponent = row[3 * width + x];
      const gain = exponent ? 2 ** (exponent - 136) : 0;
      for (let c = 0; c < 3; c++) texels[3 * (y * width + x) + c] = row[c * width + x] * gain;
    }
  }
  return { width, height, texels };
}

/** Throws FileError unless a picture of this size can be an environment. */
export function checkSize(ending: string, width: number, height: number): void {
  if (width !== 2 * height || height < 1) {
    throw new FileError(`The ${ending} has ${width} × ${height} pixels; an environment is twice as wide as high.`);
  }
  if (width * height > MAX_TEXELS) throw new FileError(`The ${ending} is larger than 8192 × 4096 pixels.`);
}

/** One row, component by component; the position after it. */
function readRow(bytes: Uint8Array, start: number, row: Uint8Array, width: number): number {
  const cut = new FileError("The .hdr file is cut off.");
  const isCoded = bytes[start] === 2 && bytes[start + 1] === 2 && (bytes[start + 2] << 8) + bytes[start + 3] === width;
  if (!isCoded || width < 8 || width > 32767) {
    if (start + 4 * width > bytes.length) throw cut;
    for (let x = 0; x < width; x++) for (let c = 0; c < 4; c++) row[c * width + x] = bytes[start + 4 * x + c];
    return start + 4 * width;
  }
  let at = start + 4;
  for (let c = 0; c < 4; c++) {
    for (let x = 0; x < width; ) {
      if (at + 1 >= bytes.length) throw cut;
      const code = bytes[at++];
      const run = code > 128 ? code - 128 : code;
      if (run === 0 || x + run > width || at + (code > 128 ? 1 : run) > bytes.length) throw cut;
      const to = c * width + x;
      if (code > 128) row.fill(bytes[at++], to, to + run);
      else row.set(bytes.subarray(at, (at += run)), to);
      x += run;
    }
  }
  return at;
}

/** The same light on a map of another height: averaged by solid angle, or read between texels. */
export function resampled(light: Radiance, height: number): Radiance {
  if (height === light.height) return light;
  return height < light.height ? averaged(light, height) : enlarged(light, height);
}

function averaged(light: Radiance, height: number): Radiance {
  const cosines = (count: number): number[] =>
    Array.from({ length: count + 1 }, (_, i) => -Math.cos((i * Math.PI) / count));
  const evens = (count: number): number[] => Array.from({ length: count + 1 }, (_, i) => i / count);
  const width = 2 * height;
  const rows = overlaps(cosines(height), cosines(light.height));
  const columns = overlaps(evens(width), evens(light.width));
  const narrow = new Float32Array(3 * height * light.width);
  rows.forEach(([y, from, share]) => {
    const [to, source] = [3 * y * light.width, 3 * from * light.width];
    for (let i = 0; i < 3 * light.width; i++) narrow[to + i] += share * light.texels[source + i];
  });
  const texels = new Float32Array(3 * height * width);
  columns.forEach(([x, from, share]) => {
    for (let y = 0; y < height; y++) {
      for (let c = 0; c < 3; c++) {
        texels[3 * (y * width + x) + c] += share * narrow[3 * (y * light.width + from) + c];
      }
    }
  });
  return { width, height, texels };
}

/** Which old intervals make up each new one: [new, old, share]. */
function overlaps(fresh: number[], old: number[]): [number, number, number][] {
  const found: [number, number, number][] = [];
  let first = 0;
  for (let i = 0; i + 1 < fresh.length; i++) {
    while (first + 2 < old.length && old[first + 1] <= fresh[i]) first++;
    for (let j = first; j + 1 < old.length && old[j] < fresh[i + 1]; j++) {
      const overlap = Math.min(fresh[i + 1], old[j + 1]) - Math.max(fresh[i], old[j]);
      if (overlap > 0) found.push([i, j, overlap / (fresh[i + 1] - fresh[i])]);
    }
  }
  return found;
}

function enlarged(light: Radiance, height: number): Radiance {
  const width = 2 * height;
  const texels = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = ((x + 0.5) / width) * light.width - 0.5;
      const v = ((y + 0.5) / height) * light.height - 0.5;
      const [left, top] = [Math.floor(u), Math.floor(v)];
      for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
        const share = (dx ? u - left : 1 - u + left) * (dy ? v - top : 1 - v + top);
        // Across a pole the map goes on half a turn further.
        const isOver = top + dy < 0 || top + dy >= light.height;
        const row = Math.max(0, Math.min(light.height - 1, top + dy));
        const column = (left + dx + (isOver ? light.width / 2 : 0) + light.width) % light.width;
        for (let c = 0; c < 3; c++) {
          texels[3 * (y * width + x) + c] += share * light.texels[3 * (row * light.width + column) + c];
        }
      }
    }
  }
  return { width, height, texels };
}

/** Unit direction and solid angle of each texel, [H][W][4]. */
export function directions(height: number): Float32Array<ArrayBuffer> {
  const width = 2 * height;
  const out = new Float32Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    const polar = ((y + 0.5) * Math.PI) / height;
    const cap = Math.cos((y * Math.PI) / height) - Math.cos(((y + 1) * Math.PI) / height);
    for (let x = 0; x < width; x++) {
      const azimuth = ((x + 0.5) / width - 0.5) * 2 * Math.PI;
      const sine = Math.sin(polar);
      out.set(
        [sine * Math.cos(azimuth), Math.cos(polar), sine * Math.sin(azimuth), (cap * 2 * Math.PI) / width],
        4 * (y * width + x),
      );
    }
  }
  return out;
}

const FAN_HEIGHT = 16;
const CONCENTRATION = 24;

const FAN = Float32Array.from({ length: 3 * DIRECTIONS }, (_, i) => {
  const index = Math.floor(i / 3) + 0.5;
  const y = 1 - (2 * index) / DIRECTIONS;
  const ring = Math.sqrt(1 - y * y);
  const azimuth = index * Math.PI * (3 - Math.sqrt(5));
  return [ring * Math.cos(azimuth), y, ring * Math.sin(azimuth)][i % 3];
});

/** A light made small for shadows. */
export class FanLight {
  private readonly small: Radiance;
  private readonly texels = directions(FAN_HEIGHT);

  constructor(light: Radiance) {
    this.small = resampled(light, Math.min(FAN_HEIGHT, light.height));
    if (this.small.height !== FAN_HEIGHT) this.texels = directions(this.small.height);
  }

  /**
   * Radiance from the fan's directions, [directions][3], in the axes of a turned part.
   * Every texel hands all of its light to the directions near it.
   */
  fan(rotation: number, transform: ArrayLike<number>): Float32Array {
    const out = new Float32Array(3 * DIRECTIONS);
    const lobes = new Float32Array(DIRECTIONS);
    const [cosine, sine] = [Math.cos(rotation), Math.sin(rotation)];
    for (let texel = 0; texel < this.texels.length / 4; texel++) {
      const [tx, ty, tz, angle] = this.texels.subarray(4 * texel, 4 * texel + 4);
      const [x, y, z] = [cosine * tx + sine * tz, ty, -sine * tx + cosine * tz];
      const lx = transform[0] * x + transform[1] * y + transform[2] * z;
      const ly = transform[4] * x + transform[5] * y + transform[6] * z;
      const lz = transform[8] * x + transform[9] * y + transform[10] * z;
      let total = 0;
      for (let d = 0; d < DIRECTIONS; d++) {
        // No unit vectors have a larger product: nothing overflows.
        lobes[d] = Math.exp(
          CONCENTRATION * (lx * FAN[3 * d] + ly * FAN[3 * d + 1] + lz * FAN[3 * d + 2] - 1),
        );
        total += lobes[d];
      }
      const energy = (angle * DIRECTIONS) / (4 * Math.PI * total);
      const [red, green, blue] = this.small.texels.subarray(3 * texel, 3 * texel + 3);
      for (let d = 0; d < DIRECTIONS; d++) {
        const share = energy * lobes[d];
        out[3 * d] += share * red;
        out[3 * d + 1] += share * green;
        out[3 * d + 2] += share * blue;
      }
    }
    return out;
  }
}
