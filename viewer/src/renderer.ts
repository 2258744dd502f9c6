// Draws a posed avatar under a light: deform, splat, shade (docs/viewer.md).

import { BodyDeformer } from "./body_deformer";
import type { Camera } from "./camera";
import { COLUMNS, type Deformer } from "./deforming";
import { LightFilter, withOctahedral } from "./filtering";
import { type Gl, Program, Target, Texture } from "./gl";
import { HeadDeformer } from "./head_deformer";
import { FanLight } from "./light";
import type { Package, Radiance } from "./package";
import type { Posed } from "./rig";
import screenShader from "./shaders/screen.vert.glsl";
import shadeShader from "./shaders/shade.frag.glsl";
import splatFragment from "./shaders/splat.frag.glsl";
import splatVertex from "./shaders/splat.vert.glsl";
import splitSumBytes from "../data/split_sum.bin";

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
  private readonly splatProgram: Program;
  private readonly shadeProgram: Program;
  private readonly filter: LightFilter;
  private readonly splitSum: Texture;
  private readonly deformer: Deformer;
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
    this.splatProgram = new Program(gl, splatVertex, splatFragment);
    this.shadeProgram = new Program(gl, screenShader, withOctahedral(shadeShader));
    this.filter = new LightFilter(gl);
    this.splitSum = new Texture(gl, "rg16f", 64, 64, new Uint16Array(splitSumBytes.slice().buffer));
    this.deformer = avatar.kind === "body" ? new BodyDeformer(gl, avatar) : new HeadDeformer(gl, avatar);
    this.order = new Texture(gl, "r32ui", COLUMNS, Math.ceil(avatar.count / COLUMNS));
  }

  free(): void {
    this.deformer.free();
    for (const texture of [this.order, this.splitSum, this.lit?.sky]) texture?.free();
    for (const target of [this.sums, this.lit?.maps]) target?.free();
  }

  /** Pose the splats, and light reaching them; needed anew when either changes. */
  deform(posed: Posed, light: Light): void {
    this.deformer.deform(posed, { ...light, fan: this.ready(light.radiance).fan });
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
    const [mean, turn, color] = this.deformer.target.textures;
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
      .texture("u_color", color.texture)
      .texture("u_scale", this.deformer.scale.texture)
      .texture("u_surface", this.deformer.surface.texture)
      .int("u_painted", this.avatar.kind === "body")
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
}
