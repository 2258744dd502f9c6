// A light made ready for shading, by the GPU.

import { type Gl, Program, Target, Texture } from "./gl";
import { resampled } from "./light";
import type { Radiance } from "./package";
import filterShader from "./shaders/filter.frag.glsl";
import octahedral from "./shaders/octahedral.glsl";
import screenShader from "./shaders/screen.vert.glsl";

const TILE = 65;
const SIDES = [32, 64, 64, 64, 32, 32, 32, 32, 32];
// Rows of the copies that are summed, as fine as each lobe asks for.
const HEIGHTS = [64, 0, 128, 64, 64, 32, 32, 32, 32];
// A small light is smooth between its texels: finer copies of it show nothing new.
const SMALL = 32;
const SMALL_HEIGHTS = [64, 0, 64, 64, 64, 32, 32, 32, 32];
// The sharpest lobe lies within 25°.
const SHARP_TILE = 2;
const SHARP_REACH = 25 / 180;

export const withOctahedral = (shader: string): string => shader.replace("#include octahedral", octahedral);

function mapTexture(gl: Gl, light: Radiance): Texture {
  const rgba = new Float32Array(4 * light.width * light.height);
  for (let i = 0; i < light.width * light.height; i++) rgba.set(light.texels.subarray(3 * i, 3 * i + 3), 4 * i);
  return new Texture(gl, "rgba32f", light.width, light.height, rgba);
}

export class LightFilter {
  private readonly program: Program;
  constructor(private readonly gl: Gl) {
    this.program = new Program(gl, screenShader, withOctahedral(filterShader));
  }

  /** The filtered maps, and the light itself for the background. */
  filter(light: Radiance): { maps: Target; sky: Texture } {
    const { gl } = this;
    const maps = new Target(gl, [new Texture(gl, "rgba32f", 3 * TILE, 3 * TILE)]);
    const heights = light.height <= SMALL ? SMALL_HEIGHTS : HEIGHTS;
    const copies = new Map<number, Texture>();
    maps.use();
    gl.disable(gl.BLEND);
    gl.enable(gl.SCISSOR_TEST);
    SIDES.forEach((side, tile) => {
      const height = heights[tile];
      // No material is smoother than the next level: the mirror is never read.
      if (height === 0) return;
      const copy = copies.get(height) ?? mapTexture(gl, resampled(light, height));
      copies.set(height, copy);
      gl.scissor((tile % 3) * TILE, Math.floor(tile / 3) * TILE, side + 1, side + 1);
      this.program
        .use()
        .int("u_tile", tile)
        .int("u_reach", tile === SHARP_TILE ? Math.ceil(SHARP_REACH * height) : height)
        .texture("u_light", copy.texture);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    });
    gl.disable(gl.SCISSOR_TEST);
    copies.forEach((copy) => copy.free());
    return { maps, sky: mapTexture(gl, resampled(light, Math.min(light.height, 1024))) };
  }
}
