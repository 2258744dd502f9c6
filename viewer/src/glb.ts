// The GLB container and the arrays of the package's extension (docs/package.md).

export interface ArrayFacts {
  bufferView: number;
  type: "f2" | "f4" | "i1";
  shape: number[];
}

export interface Node {
  name: string;
  translation: number[];
  children?: number[];
}

interface View {
  byteOffset?: number;
  byteLength: number;
}

interface Accessor {
  bufferView: number;
  componentType: number;
  count: number;
  type: string;
}

export interface Animation {
  samplers: { input: number; output: number }[];
  channels: { sampler: number; target: { node: number; path: string } }[];
}

export interface Document {
  accessors: Accessor[];
  bufferViews: View[];
  nodes: Node[];
  meshes: { primitives: { attributes: Record<string, number> }[] }[];
  skins: { joints: number[] }[];
  animations: Animation[];
  extensions?: Record<string, unknown>;
}

/** What a user can mend: a wrong or damaged file. */
export class FileError extends Error {}

const MAGIC = 0x46546c67;
const JSON_CHUNK = 0x4e4f534a;
const BINARY_CHUNK = 0x004e4942;
const WIDTHS: Record<string, number> = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT4: 16 };

export type Numbers = Float32Array<ArrayBuffer>;

export class Glb {
  private constructor(
    readonly document: Document,
    private readonly file: ArrayBuffer,
    private readonly start: number,
    private readonly length: number,
  ) {}

  static parse(file: ArrayBuffer): Glb {
    const head = new DataView(file);
    if (file.byteLength < 20 || head.getUint32(0, true) !== MAGIC) {
      throw new FileError("This is no avatar package: it is not a .glb file.");
    }
    const jsonLength = head.getUint32(12, true);
    const cut = new FileError("The file is cut off; copy or export it again.");
    if (head.getUint32(4, true) !== 2 || head.getUint32(8, true) !== file.byteLength) throw cut;
    if (head.getUint32(16, true) !== JSON_CHUNK || 28 + jsonLength > file.byteLength) throw cut;
    const length = head.getUint32(20 + jsonLength, true);
    const start = 28 + jsonLength;
    if (head.getUint32(24 + jsonLength, true) !== BINARY_CHUNK) throw cut;
    if (start + length > file.byteLength) throw cut;
    const text = new TextDecoder().decode(new Uint8Array(file, 20, jsonLength));
    return new Glb(JSON.parse(text) as Document, file, start, length);
  }

  private view(index: number, bytes: number): ArrayBuffer {
    const view = this.document.bufferViews[index];
    const offset = view?.byteOffset ?? 0;
    if (!view || view.byteLength !== bytes || offset < 0 || offset + bytes > this.length) {
      throw new FileError(`The package is damaged (view ${index}); export it again.`);
    }
    return this.file.slice(this.start + offset, this.start + offset + bytes);
  }

  /** Raw half floats of an array. */
  halves(facts: ArrayFacts): Uint16Array<ArrayBuffer> {
    if (facts.type !== "f2") throw new FileError("The package is damaged: half floats expected.");
    return new Uint16Array(this.view(facts.bufferView, 2 * size(facts.shape)));
  }

  /** Raw signed bytes of an array. */
  bytes(facts: ArrayFacts): Int8Array<ArrayBuffer> {
    if (facts.type !== "i1") throw new FileError("The package is damaged: bytes expected.");
    return new Int8Array(this.view(facts.bufferView, size(facts.shape)));
  }

  /** Any array as floats. */
  floats(facts: ArrayFacts): Numbers {
    if (facts.type === "f4") return new Float32Array(this.view(facts.bufferView, 4 * size(facts.shape)));
    if (facts.type === "i1") return Float32Array.from(this.bytes(facts));
    return floatsFromHalves(this.halves(facts));
  }

  /** An accessor's numbers as floats, whole numbers as they are. */
  accessor(index: number): Numbers {
    const facts = this.document.accessors[index];
    if (!facts) throw new FileError(`The package is damaged (accessor ${index}); export it again.`);
    const count = facts.count * (WIDTHS[facts.type] ?? 0);
    switch (facts.componentType) {
      case 5126:
        return new Float32Array(this.view(facts.bufferView, 4 * count));
      case 5123:
        return Float32Array.from(new Uint16Array(this.view(facts.bufferView, 2 * count)));
      case 5121:
        return Float32Array.from(new Uint8Array(this.view(facts.bufferView, count)));
      default:
        throw new FileError(`The package has numbers of type ${facts.componentType}; not known.`);
    }
  }
}

function size(shape: number[]): number {
  if (!shape.every((n) => Number.isInteger(n) && n > 0)) {
    throw new FileError(`The package is damaged: an array has the shape ${shape}.`);
  }
  return shape.reduce((product, n) => product * n, 1);
}

// All 65,536 half floats; decoding is then one read each.
let halfTable: Numbers | undefined;

export function floatsFromHalves(halves: Uint16Array): Numbers {
  halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  const table = halfTable;
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = table[halves[i]]!;
  return out;
}
