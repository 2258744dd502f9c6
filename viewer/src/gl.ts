// Small helpers over WebGL2.

export type Gl = WebGL2RenderingContext;

/** A program with its uniforms found by name. */
export class Program {
  private readonly program: WebGLProgram;
  private readonly places = new Map<string, WebGLUniformLocation | null>();
  private unit = 0;

  constructor(
    private readonly gl: Gl,
    vertex: string,
    fragment: string,
  ) {
    const program = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
      const shader = gl.createShader(kind);
      if (!shader) throw new Error("WebGL was lost.");
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) {
        throw new Error(`A shader does not compile: ${gl.getShaderInfoLog(shader)}`);
      }
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`A shader does not link: ${gl.getProgramInfoLog(program)}`);
    }
    this.program = program;
  }

  use(): this {
    this.gl.useProgram(this.program);
    this.unit = 0;
    return this;
  }

  private place(name: string): WebGLUniformLocation | null {
    if (!this.places.has(name)) this.places.set(name, this.gl.getUniformLocation(this.program, name));
    return this.places.get(name) ?? null;
  }

  int(name: string, value: number | boolean): this {
    this.gl.uniform1i(this.place(name), Number(value));
    return this;
  }

  floats(name: string, ...values: number[]): this {
    this.gl[`uniform${values.length as 1 | 2 | 3 | 4}fv`](this.place(name), values);
    return this;
  }

  matrix3(name: string, columns: number[]): this {
    this.gl.uniformMatrix3fv(this.place(name), false, columns);
    return this;
  }

  matrix4(name: string, columns: number[]): this {
    this.gl.uniformMatrix4fv(this.place(name), false, columns);
    return this;
  }

  texture(name: string, texture: WebGLTexture): this {
    this.gl.activeTexture(this.gl.TEXTURE0 + this.unit);
    this.gl.bindTexture(this.gl.TEXTURE_2D, texture);
    return this.int(name, this.unit++);
  }
}

interface Format {
  internal: number;
  format: number;
  type: number;
  channels: number;
}

export type Kind = "rgba32f" | "rgba16f" | "rg16f" | "rgba8i" | "r32ui";

function formatOf(gl: Gl, kind: Kind): Format {
  switch (kind) {
    case "rgba32f":
      return { internal: gl.RGBA32F, format: gl.RGBA, type: gl.FLOAT, channels: 4 };
    case "rgba16f":
      return { internal: gl.RGBA16F, format: gl.RGBA, type: gl.HALF_FLOAT, channels: 4 };
    case "rg16f":
      return { internal: gl.RG16F, format: gl.RG, type: gl.HALF_FLOAT, channels: 2 };
    case "rgba8i":
      return { internal: gl.RGBA8I, format: gl.RGBA_INTEGER, type: gl.BYTE, channels: 4 };
    case "r32ui":
      return { internal: gl.R32UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_INT, channels: 1 };
  }
}

type Numbers = Float32Array | Uint16Array | Int8Array | Uint32Array;

/** A texture that is read texel by texel. */
export class Texture {
  readonly texture: WebGLTexture;
  private readonly kind: Format;

  constructor(
    private readonly gl: Gl,
    kind: Kind,
    readonly width: number,
    readonly height: number,
    data: Numbers | null = null,
  ) {
    this.kind = formatOf(gl, kind);
    this.texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    for (const side of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, side, gl.NEAREST);
    }
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
      gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    }
    gl.texStorage2D(gl.TEXTURE_2D, 1, this.kind.internal, width, height);
    if (data) this.set(data);
  }

  /** Fill it, or its first rows. */
  set(data: Numbers): void {
    const { gl, kind } = this;
    const rows = data.length / (kind.channels * this.width);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, this.width, rows, kind.format, kind.type, data);
  }

  free(): void {
    this.gl.deleteTexture(this.texture);
  }
}

// As wide as every device allows; a list that would get too tall is as wide as this one does.
const ROW = 2048;

/** A list of numbers as a texture, as many texels a row as fit. */
export function listTexture(gl: Gl, kind: Kind, data: Numbers): Texture {
  const { channels } = formatOf(gl, kind);
  const texels = Math.ceil(data.length / channels);
  const most = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
  const width = Math.min(texels, texels > ROW * most ? most : ROW);
  const height = Math.ceil(texels / width);
  if (height > most) throw new Error("The avatar has more splats than this device's textures hold.");
  const padded = new (data.constructor as new (length: number) => Numbers)(width * height * channels);
  padded.set(data as never);
  return new Texture(gl, kind, width, height, padded);
}

/** Textures to draw into. */
export class Target {
  readonly frame: WebGLFramebuffer;

  constructor(
    private readonly gl: Gl,
    readonly textures: Texture[],
  ) {
    this.frame = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    textures.forEach(({ texture }, i) => {
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0 + i, gl.TEXTURE_2D, texture, 0);
    });
    gl.drawBuffers(textures.map((_, i) => gl.COLOR_ATTACHMENT0 + i));
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE) {
      throw new Error("This device cannot draw into float textures, which the viewer needs.");
    }
  }

  use(): void {
    this.gl.bindFramebuffer(this.gl.FRAMEBUFFER, this.frame);
    this.gl.viewport(0, 0, this.textures[0].width, this.textures[0].height);
  }

  free(): void {
    this.textures.forEach((texture) => texture.free());
    this.gl.deleteFramebuffer(this.frame);
  }
}
