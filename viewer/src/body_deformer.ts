// A body on the GPU: what the pose changes of each splat, then skinning.

import { type Deformer, padded, planes, Skin, surfaceTexture, widened } from "./deforming";
import { type Gl, listTexture, Program, Target, Texture } from "./gl";
import { type BodyPackage, CHANGES } from "./package";
import type { Posed } from "./rig";
import bodyShader from "./shaders/body.frag.glsl";

export class BodyDeformer implements Deformer {
  readonly target: Target;
  readonly surface: Texture;
  private readonly program: Program;
  private readonly skin: Skin;
  private readonly start: Texture;
  private readonly basis: Texture;
  private readonly mix: Texture;

  constructor(
    private readonly gl: Gl,
    private readonly avatar: BodyPackage,
  ) {
    const { changes, count } = avatar;
    this.program = Skin.program(gl, bodyShader);
    this.skin = new Skin(gl, avatar);
    this.target = planes(gl, count, 4);
    this.surface = surfaceTexture(gl, avatar);
    this.start = listTexture(gl, "rgba16f", widened(changes.start, CHANGES));
    this.basis = listTexture(gl, "rgba8i", widened(changes.basis, changes.width));
    this.mix = new Texture(gl, "rgba32f", padded(changes.width) / 4 + 1, CHANGES);
  }

  get scale(): Texture {
    return this.target.textures[3];
  }

  free(): void {
    for (const texture of [this.start, this.basis, this.mix, this.surface]) texture.free();
    this.skin.free();
    this.target.free();
  }

  deform(posed: Posed): void {
    const { gl } = this;
    const { width, scale, units, limits } = this.avatar.changes;
    const row = padded(width) + 4;
    const rows = new Float32Array(row * CHANGES);
    for (let channel = 0; channel < CHANGES; channel++) {
      for (let k = 0; k < width; k++) rows[channel * row + k] = scale[channel * width + k] * posed.coefficients[k];
      rows.set([units[channel], limits[channel]], channel * row + row - 4);
    }
    this.mix.set(rows);
    this.target.use();
    gl.disable(gl.BLEND);
    this.skin
      .use(this.program, posed)
      .int("u_width", padded(width))
      .texture("u_surface", this.surface.texture)
      .texture("u_scale", this.skin.scale.texture)
      .texture("u_start", this.start.texture)
      .texture("u_basis", this.basis.texture)
      .texture("u_mix", this.mix.texture);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}
