// The lights to choose from: the capture's, three made ones, and what the user drops.

import { isExr, parseExr } from "./exr";
import { parseHdr } from "./light";
import type { Package, Radiance } from "./package";
import nightStreet from "../data/night_street.hdr";
import sky from "../data/sky.hdr";
import studio from "../data/studio.hdr";

export const CAPTURE = "capture";

export class Lights {
  private readonly made = new Map<string, Radiance>();
  private readonly files = new Map<string, Uint8Array>([
    ["sky", sky],
    ["studio", studio],
    ["night street", nightStreet],
  ]);

  get names(): string[] {
    return [CAPTURE, ...this.files.keys()];
  }

  /** Add a Radiance or OpenEXR file under a name; throws FileError where it is none. */
  add(name: string, bytes: Uint8Array): void {
    this.made.set(name, isExr(bytes) ? parseExr(bytes) : parseHdr(bytes));
    this.files.set(name, bytes);
  }

  radiance(avatar: Package, name: string): Radiance {
    const file = this.files.get(name);
    if (!file) return avatar.light;
    const known = this.made.get(name) ?? parseHdr(file);
    this.made.set(name, known);
    return known;
  }
}
