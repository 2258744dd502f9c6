// What deforms a head or a body has in common: the skin, and what is drawn into.

import { type Gl, listTexture, Program, Target, Texture } from "./gl";
import type { FanLight } from "./light";
import type { Package } from "./package";
import type { Posed } from "./rig";
import screenShader from "./shaders/screen.vert.glsl";
import skinningShader from "./shaders/skinning.glsl";

export const COLUMNS = 512;

/** The light that a pose is in. */
export interface Reached {
  fan: FanLight;
  /** Turn about +y, radians. */
  rotation: number;
  isCapture: boolean;
}

/** Poses splats on the GPU. */
export interface Deformer {
  /** Mean and opacity; turn; exposure, or albedo and exposure; of a body the scale. */
  readonly target: Target;
  readonly scale: Texture;
  readonly surface: Texture;
  deform(posed: Posed, light: Reached): void;
  free(): void;
}

/** Planes of as many texels as there are splats. */
export function planes(gl: Gl, count: number, number: number): Target {
  const rows = Math.ceil(count / COLUMNS);
  return new Target(gl, Array.from({ length: number }, () => new Texture(gl, "rgba32f", COLUMNS, rows)));
}

/** Splats at rest and what moves them. */
export class Skin {
  private readonly rest: Texture;
  private readonly skin: Texture;
  private readonly joints: Texture;
  /** Standard deviations along the axes, metres. */
  readonly scale: Texture;

  constructor(
    gl: Gl,
    private readonly avatar: Package,
  ) {
    const { count, splats, influences, skeleton } = avatar;
    const rest = new Float32Array(8 * count);
    const skin = new Float32Array(2 * influences * count);
    const scale = new Float32Array(4 * count);
    for (let i = 0; i < count; i++) {
      rest.set(splats.means.subarray(3 * i, 3 * i + 3), 8 * i);
      rest[8 * i + 3] = splats.opacities[i];
      rest.set(splats.rotations.subarray(4 * i, 4 * i + 4), 8 * i + 4);
      scale.set(splats.scales.subarray(3 * i, 3 * i + 3), 4 * i);
    }
    for (let i = 0; i < influences * count; i += 4) {
      skin.set(splats.joints.subarray(i, i + 4), 2 * i);
      skin.set(splats.weights.subarray(i, i + 4), 2 * i + 4);
    }
    this.rest = listTexture(gl, "rgba32f", rest);
    this.skin = listTexture(gl, "rgba32f", skin);
    this.scale = listTexture(gl, "rgba32f", scale);
    this.joints = new Texture(gl, "rgba32f", 5, skeleton.names.length);
  }

  /** A program that moves splats with joints. */
  static program(gl: Gl, shader: string): Program {
    return new Program(gl, screenShader, shader.replace("#include skinning", skinningShader));
  }

  /** Bind it all; the frames of shadows, two a joint, where there are any. */
  use(program: Program, posed: Posed, frameOfJoint?: number[][]): Program {
    const rows = new Float32Array(20 * this.joints.height);
    for (let joint = 0; joint < this.joints.height; joint++) {
      for (let r = 0; r < 3; r++) {
        for (let c = 0; c < 4; c++) rows[20 * joint + 4 * r + c] = posed.transforms[16 * joint + 4 * c + r];
      }
      rows.set(posed.turns.subarray(4 * joint, 4 * joint + 4), 20 * joint + 12);
      rows.set(frameOfJoint?.[joint] ?? [], 20 * joint + 16);
    }
    this.joints.set(rows);
    return program
      .use()
      .int("u_count", this.avatar.count)
      .int("u_columns", COLUMNS)
      .int("u_sets", this.avatar.influences / 4)
      .texture("u_rest", this.rest.texture)
      .texture("u_skin", this.skin.texture)
      .texture("u_joints", this.joints.texture);
  }

  free(): void {
    for (const texture of [this.rest, this.skin, this.scale, this.joints]) texture.free();
  }
}

/** Albedo and roughness, F0 and two numbers more, of each splat. */
export function surfaceTexture(gl: Gl, avatar: Package, more?: [Float32Array, Float32Array]): Texture {
  const material = new Float32Array(8 * avatar.count);
  for (let i = 0; i < avatar.count; i++) {
    material.set(avatar.surface.subarray(5 * i, 5 * i + 5), 8 * i);
    more?.forEach((numbers, column) => (material[8 * i + 5 + column] = numbers[i]));
  }
  return listTexture(gl, "rgba32f", material);
}

export const quarters = (count: number): number => Math.ceil(count / 4);
export const padded = (count: number): number => 4 * quarters(count);

export function fourfold(values: Float32Array): Float32Array {
  const out = new Float32Array(padded(values.length));
  out.set(values);
  return out;
}

/** Rows of a width that four divides, the rest zeros. */
export function widened<T extends Uint16Array | Int8Array>(data: T, width: number): T {
  if (width % 4 === 0) return data;
  const rows = data.length / width;
  const out = new (data.constructor as new (length: number) => T)(rows * padded(width));
  for (let row = 0; row < rows; row++) out.set(data.subarray(row * width, (row + 1) * width) as never, row * padded(width));
  return out;
}
