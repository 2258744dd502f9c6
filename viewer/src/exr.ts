// OpenEXR environment maps. The compressions are parse-exr's work; what may be opened is said here.

import parse from "parse-exr";
import { FileError } from "./glb";
import { checkSize } from "./light";
import type { Radiance } from "./package";

const MAGIC = 0x01312f76;
const FLOAT = 1015;

export function isExr(bytes: Uint8Array): boolean {
  return bytes.length > 8 && viewOf(bytes).getUint32(0, true) === MAGIC;
}

/** Read the first part of an .exr: equirectangular, R, G and B or Y, halves or floats. */
export function parseExr(bytes: Uint8Array): Radiance {
  let image: ReturnType<typeof parse>;
  try {
    checkHeader(bytes);
    image = parse(bytes.slice().buffer, FLOAT);
  } catch (problem) {
    if (problem instanceof FileError) throw problem;
    throw new FileError("The .exr is damaged, or of a kind that is not read; save it again, as RGB with ZIP.");
  }
  const { width, height, data } = image;
  const channels = data.length / (width * height);
  const texels = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // It has the bottom row first.
      const from = channels * ((height - 1 - y) * width + x);
      for (let c = 0; c < 3; c++) texels[3 * (y * width + x) + c] = data[from + (channels === 1 ? 0 : c)];
    }
  }
  mend(texels);
  return { width, height, texels };
}

/** Refuse sizes before memory is taken for them. */
function checkHeader(bytes: Uint8Array): void {
  const view = viewOf(bytes);
  let at = 8;
  const text = (): string => {
    const end = bytes.indexOf(0, at);
    if (end < 0 || end - at > 255) throw new FileError("The .exr file is cut off.");
    const found = new TextDecoder().decode(bytes.subarray(at, end));
    at = end + 1;
    return found;
  };
  let isSized = false;
  for (let name = text(); name !== ""; name = text()) {
    text();
    const size = view.getUint32(at, true);
    at += 4;
    if (name === "dataWindow") {
      const [left, top, right, bottom] = [0, 4, 8, 12].map((offset) => view.getInt32(at + offset, true));
      checkSize(".exr", right - left + 1, bottom - top + 1);
      isSized = true;
    }
    at += size;
  }
  if (!isSized) throw new FileError("The .exr says no size.");
}

/** As Python does: what no light can have becomes 0, a sun beyond half floats the largest number there is. */
function mend(texels: Float32Array): void {
  let largest = 0;
  for (const value of texels) if (value > largest && value < Infinity) largest = value;
  for (let i = 0; i < texels.length; i++) {
    if (texels[i] === Infinity) texels[i] = largest;
    else if (!(texels[i] >= 0)) texels[i] = 0;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
