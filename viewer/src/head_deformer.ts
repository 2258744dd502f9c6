// A head on the GPU: blendshapes, skinning, and the light that reaches each splat.

import { type Deformer, fourfold, padded, planes, quarters, type Reached, Skin, surfaceTexture, widened } from "./deforming";
import { type Gl, listTexture, Program, Target, Texture } from "./gl";
import { DIRECTIONS, type HeadPackage } from "./package";
import type { Posed } from "./rig";
import headShader from "./shaders/head.frag.glsl";

export class HeadDeformer implements Deformer {
  readonly target: Target;
  readonly surface: Texture;
  private readonly program: Program;
  private readonly skin: Skin;
  private readonly data: Record<"basis" | "gain" | "sky" | "shade", Texture>;
  private readonly small: Record<"mix" | "shadeMix" | "fan", Texture>;

  constructor(
    private readonly gl: Gl,
    private readonly avatar: HeadPackage,
  ) {
    const { count, deformation, exposure } = avatar;
    this.program = Skin.program(gl, headShader);
    this.skin = new Skin(gl, avatar);
    this.target = planes(gl, count, 3);
    this.surface = surfaceTexture(gl, avatar, [exposure.hidden, exposure.occlusion]);
    const gain = new Float32Array(4 * count);
    for (let i = 0; i < count; i++) gain.set(exposure.trainingGain.subarray(3 * i, 3 * i + 3), 4 * i);
    this.data = {
      basis: listTexture(gl, "rgba16f", widened(deformation.basis, deformation.width)),
      gain: listTexture(gl, "rgba32f", gain),
      sky: listTexture(gl, "rgba16f", widened(exposure.weights, exposure.rank)),
      shade: listTexture(gl, "rgba8i", widened(exposure.occlusionBasis, deformation.codes)),
    };
    this.small = {
      mix: new Texture(gl, "rgba32f", quarters(deformation.width), 1),
      shadeMix: new Texture(gl, "rgba32f", quarters(deformation.codes), 1),
      fan: new Texture(gl, "rgba32f", 2 * padded(exposure.rank), 2),
    };
  }

  get scale(): Texture {
    return this.skin.scale;
  }

  free(): void {
    for (const texture of [...Object.values(this.data), ...Object.values(this.small), this.surface]) texture.free();
    this.skin.free();
    this.target.free();
  }

  deform(posed: Posed, light: Reached): void {
    const { gl, avatar } = this;
    const mean = this.setFan(posed, light);
    this.small.mix.set(fourfold(posed.coefficients));
    this.small.shadeMix.set(fourfold(posed.codes.map((code, i) => code * avatar.exposure.occlusionScale[i])));
    this.target.use();
    gl.disable(gl.BLEND);
    this.skin
      .use(this.program, posed, avatar.exposure.frameOfJoint)
      .int("u_width", padded(avatar.deformation.width))
      .int("u_rank", padded(avatar.exposure.rank))
      .int("u_codes", padded(avatar.deformation.codes))
      .int("u_baked", avatar.baked)
      .int("u_training", light.isCapture)
      .floats("u_mean", ...mean)
      .texture("u_basis", this.data.basis.texture)
      .texture("u_surface", this.surface.texture)
      .texture("u_gain", this.data.gain.texture)
      .texture("u_sky", this.data.sky.texture)
      .texture("u_shade", this.data.shade.texture)
      .texture("u_mix", this.small.mix.texture)
      .texture("u_shadeMix", this.small.shadeMix.texture)
      .texture("u_fan", this.small.fan.texture);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Light of the fan along the principal skies, in both frames; the fan's mean. */
  private setFan(posed: Posed, light: Reached): [number, number, number] {
    const { rank, open, bare, frameJoints } = this.avatar.exposure;
    const row = 8 * padded(rank);
    const rows = new Float32Array(2 * row);
    const mean: [number, number, number] = [0, 0, 0];
    frameJoints.forEach((joint, part) => {
      const fan = light.fan.fan(light.rotation, turnedInto(posed.transforms, joint));
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
