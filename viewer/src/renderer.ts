// Draws a posed avatar under a light: deform, splat, shade (docs/viewer.md).

import type { Camera } from "./camera";
import { LightFilter, withOctahedral } from "./filtering";
import { type Gl, listTexture, Program, Target, Texture } from "./gl";
import { FanLight } from "./light";
import { DIRECTIONS, type Package, type Radiance } from "./package";
import type { Posed } from "./rig";
import deformShader from "./shaders/deform.frag.glsl";
import screenShader from "./shaders/screen.vert.glsl";
import shadeShader from "./shaders/shade.frag.glsl";
import splatFragment from "./shaders/splat.frag.glsl";
import splatVertex from "./shaders/splat.vert.glsl";
import splitSumBytes from "../data/split_sum.bin";

const COLUMNS = 512;
const MAPS = ["picture", "albedo", "normals", "gloss", "light reach"] as const;
export type Shown = (typeof MAPS)[number];

export interface Light {
  radiance: Radiance;
  /** Turn about +y, radians. */
  rotation: number;
  /** Whether it is the capture's own, with what only that light explains. */
  isCapture: boolean;
}

export interface Look {
  /** Factor on linear colour. */
  gain: number;
  /** Linear colour behind, the light itself, or nothing at all. */
  background: [number, number, number] | "light" | "none";
  shown: Shown;
}

export class Renderer {
  private readonly deformProgram: Program;
  private readonly splatProgram: Program;
  private readonly shadeProgram: Program;
  private readonly filter: LightFilter;
  private readonly splitSum: Texture;
  private readonly posed: Target;
  private readonly data: Record<"rest" | "skin" | "basis" | "surface" | "gain" | "sky" | "shade" | "scale", Texture>;
  private readonly small: Record<"mix" | "shadeMix" | "joints" | "fan", Texture>;
  private readonly order: Texture;
  private sums: Target | undefined;
  private lit: { radiance: Radiance; maps: Target; sky: Texture; fan: FanLight } | undefined;

  constructor(
    private readonly gl: Gl,
    private readonly avatar: Package,
  ) {
    if (!gl.getExtension("EXT_color_buffer_float")) {
      throw new Error("This device cannot draw into float textures (EXT_color_buffer_float), which the viewer needs.");
    }
    this.deformProgram = new Program(gl, screenShader, deformShader);
    this.splatProgram = new Program(gl, splatVertex, splatFragment);
    this.shadeProgram = new Program(gl, screenShader, withOctahedral(shadeShader));
    this.filter = new LightFilter(gl);
    this.splitSum = new Texture(gl, "rg16f", 64, 64, new Uint16Array(splitSumBytes.slice().buffer));
    const rows = Math.ceil(avatar.count / COLUMNS);
    const plane = (): Texture => new Texture(gl, "rgba32f", COLUMNS, rows);
    this.posed = new Target(gl, [plane(), plane(), plane()]);
    this.order = new Texture(gl, "r32ui", COLUMNS, rows);
    this.data = splatTextures(gl, avatar);
    const { deformation, exposure, skeleton } = avatar;
    this.small = {
      mix: new Texture(gl, "rgba32f", quarters(deformation.width), 1),
      shadeMix: new Texture(gl, "rgba32f", quarters(deformation.codes), 1),
      joints: new Texture(gl, "rgba32f", 5, skeleton.names.length),
      fan: new Texture(gl, "rgba32f", 2 * padded(exposure.rank), 2),
    };
  }

  free(): void {
    for (const texture of [...Object.values(this.data), ...Object.values(this.small), this.order]) texture.free();
    for (const target of [this.posed, this.sums, this.lit?.maps]) target?.free();
    for (const texture of [this.lit?.sky, this.splitSum]) texture?.free();
  }

  /** Pose the splats, and light reaching them; needed anew when either changes. */
  deform(posed: Posed, light: Light): void {
    const { gl, avatar } = this;
    const fan = this.ready(light.radiance).fan;
    const mean = this.setFan(posed, light.rotation, fan);
    this.small.mix.set(fourfold(posed.coefficients));
    this.small.shadeMix.set(fourfold(posed.codes.map((code, i) => code * avatar.exposure.occlusionScale[i])));
    this.small.joints.set(jointRows(avatar, posed));
    this.posed.use();
    gl.disable(gl.BLEND);
    this.deformProgram
      .use()
      .int("u_count", avatar.count)
      .int("u_width", padded(avatar.deformation.width))
      .int("u_rank", padded(avatar.exposure.rank))
      .int("u_codes", padded(avatar.deformation.codes))
      .int("u_baked", avatar.baked)
      .int("u_training", light.isCapture)
      .floats("u_mean", ...mean)
      .texture("u_rest", this.data.rest.texture)
      .texture("u_skin", this.data.skin.texture)
      .texture("u_basis", this.data.basis.texture)
      .texture("u_surface", this.data.surface.texture)
      .texture("u_gain", this.data.gain.texture)
      .texture("u_sky", this.data.sky.texture)
      .texture("u_shade", this.data.shade.texture)
      .texture("u_mix", this.small.mix.texture)
      .texture("u_shadeMix", this.small.shadeMix.texture)
      .texture("u_joints", this.small.joints.texture)
      .texture("u_fan", this.small.fan.texture);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Take a new order of the splats, farthest first. */
  setOrder(order: Uint32Array): void {
    const whole = new Uint32Array(this.order.width * this.order.height);
    whole.set(order);
    this.order.set(whole);
  }

  /** Draw into the canvas, whose size the camera has. */
  draw(camera: Camera, light: Light, look: Look): void {
    const { gl } = this;
    const { width, height } = camera;
    if (this.sums?.textures[0].width !== width || this.sums.textures[0].height !== height) {
      this.sums?.free();
      this.sums = new Target(gl, [0, 1, 2, 3].map(() => new Texture(gl, "rgba16f", width, height)));
    }
    this.splat(camera, this.sums);
    const { maps, sky } = this.ready(light.radiance);
    const [albedo, gloss, normal, exposure] = this.sums.textures;
    const m = camera.cameraFromWorld;
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, width, height);
    gl.disable(gl.BLEND);
    this.shadeProgram
      .use()
      .texture("u_albedo", albedo.texture)
      .texture("u_gloss", gloss.texture)
      .texture("u_normal", normal.texture)
      .texture("u_exposure", exposure.texture)
      .texture("u_maps", maps.textures[0].texture)
      .texture("u_splitSum", this.splitSum.texture)
      .texture("u_sky", sky.texture)
      // Column-major of the transpose: the rows of cameraFromWorld.
      .matrix3("u_worldFromCamera", [m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]])
      .floats("u_pinhole", ...camera.pinhole)
      .floats("u_size", width, height)
      .floats("u_rotation", light.rotation)
      .floats("u_gain", look.gain)
      .int("u_baked", this.avatar.baked)
      .int("u_show", MAPS.indexOf(look.shown))
      .int("u_background", look.background === "light" ? 1 : look.background === "none" ? 2 : 0)
      .floats("u_color", ...(Array.isArray(look.background) ? look.background : [0, 0, 0]));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  private splat(camera: Camera, sums: Target): void {
    const { gl } = this;
    const m = camera.cameraFromWorld;
    const [mean, turn, exposure] = this.posed.textures;
    sums.use();
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.splatProgram
      .use()
      .texture("u_order", this.order.texture)
      .texture("u_mean", mean.texture)
      .texture("u_turn", turn.texture)
      .texture("u_exposure", exposure.texture)
      .texture("u_scale", this.data.scale.texture)
      .texture("u_surface", this.data.surface.texture)
      .matrix4("u_view", [0, 1, 2, 3].flatMap((c) => [m[c], m[4 + c], m[8 + c], m[12 + c]]))
      .floats("u_pinhole", ...camera.pinhole)
      .floats("u_size", camera.width, camera.height);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.avatar.count);
  }

  private ready(radiance: Radiance): NonNullable<Renderer["lit"]> {
    if (this.lit?.radiance !== radiance) {
      this.lit?.maps.free();
      this.lit?.sky.free();
      this.lit = { radiance, ...this.filter.filter(radiance), fan: new FanLight(radiance) };
    }
    return this.lit;
  }

  /** Light of the fan along the principal skies, in both frames; the fan's mean. */
  private setFan(posed: Posed, rotation: number, light: FanLight): [number, number, number] {
    const { rank, open, bare, frameJoints } = this.avatar.exposure;
    const row = 8 * padded(rank);
    const rows = new Float32Array(2 * row);
    const mean: [number, number, number] = [0, 0, 0];
    frameJoints.forEach((joint, part) => {
      const fan = light.fan(rotation, turnedInto(posed.transforms, joint));
      for (let i = 0; i < fan.length; i++) mean[i % 3] += fan[i] / (2 * DIRECTIONS);
      [open, bare].forEach((skies, column) => {
        for (let r = 0; r < rank; r++) {
          const to = part * row + 4 * (column * padded(rank) + r);
          for (let d = 0; d < DIRECTIONS; d++) {
            const share = skies[r * DIRECTIONS + d];
            for (let c = 0; c < 3; c++) rows[to + c] += share * fan[3 * d + c];
          }
        }
      });
    });
    this.small.fan.set(rows);
    return mean;
  }
}

/** Rows, three and one unused, that take world directions into a joint's axes. */
function turnedInto(transforms: Float32Array, joint: number): Float32Array {
  // The transpose of the column-major rotation is itself, read by rows.
  return transforms.subarray(16 * joint, 16 * joint + 12);
}

function jointRows(avatar: Package, posed: Posed): Float32Array {
  const count = avatar.skeleton.names.length;
  const rows = new Float32Array(20 * count);
  for (let joint = 0; joint < count; joint++) {
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c < 4; c++) rows[20 * joint + 4 * r + c] = posed.transforms[16 * joint + 4 * c + r];
    }
    rows.set(posed.turns.subarray(4 * joint, 4 * joint + 4), 20 * joint + 12);
    rows.set(avatar.exposure.frameOfJoint[joint], 20 * joint + 16);
  }
  return rows;
}

const quarters = (count: number): number => Math.ceil(count / 4);
const padded = (count: number): number => 4 * quarters(count);

function fourfold(values: Float32Array): Float32Array {
  const out = new Float32Array(padded(values.length));
  out.set(values);
  return out;
}

/** Rows of a width that four divides, the rest zeros. */
function widened<T extends Uint16Array | Int8Array>(data: T, width: number): T {
  if (width % 4 === 0) return data;
  const rows = data.length / width;
  const out = new (data.constructor as new (length: number) => T)(rows * padded(width));
  for (let row = 0; row < rows; row++) out.set(data.subarray(row * width, (row + 1) * width) as never, row * padded(width));
  return out;
}

function splatTextures(gl: Gl, avatar: Package): Renderer["data"] {
  const { count, splats, surface, exposure, deformation } = avatar;
  const rest = new Float32Array(8 * count);
  const skin = new Float32Array(8 * count);
  const material = new Float32Array(8 * count);
  const scale = new Float32Array(4 * count);
  const gain = new Float32Array(4 * COLUMNS * Math.ceil(count / COLUMNS));
  for (let i = 0; i < count; i++) {
    rest.set(splats.means.subarray(3 * i, 3 * i + 3), 8 * i);
    rest[8 * i + 3] = splats.opacities[i];
    rest.set(splats.rotations.subarray(4 * i, 4 * i + 4), 8 * i + 4);
    skin.set(splats.joints.subarray(4 * i, 4 * i + 4), 8 * i);
    skin.set(splats.weights.subarray(4 * i, 4 * i + 4), 8 * i + 4);
    material.set(surface.subarray(5 * i, 5 * i + 5), 8 * i);
    material[8 * i + 5] = exposure.hidden[i];
    material[8 * i + 6] = exposure.occlusion[i];
    scale.set(splats.scales.subarray(3 * i, 3 * i + 3), 4 * i);
    gain.set(exposure.trainingGain.subarray(3 * i, 3 * i + 3), 4 * i);
  }
  return {
    rest: listTexture(gl, "rgba32f", rest),
    skin: listTexture(gl, "rgba32f", skin),
    basis: listTexture(gl, "rgba16f", widened(deformation.basis, deformation.width)),
    surface: listTexture(gl, "rgba32f", material),
    // Its width is that of what is drawn, by which the shader numbers splats.
    gain: new Texture(gl, "rgba32f", COLUMNS, Math.ceil(count / COLUMNS), gain),
    sky: listTexture(gl, "rgba16f", widened(exposure.weights, exposure.rank)),
    shade: listTexture(gl, "rgba8i", widened(exposure.occlusionBasis, deformation.codes)),
    scale: listTexture(gl, "rgba32f", scale),
  };
}
