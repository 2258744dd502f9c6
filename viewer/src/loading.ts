// Where an avatar comes from: an address, the page's own folder, or a dropped file.

import { FileError } from "./glb";

const BESIDE = "avatar.glb";
const MAX_BYTES = 2 ** 30;

declare global {
  interface Window {
    /** Set by avatar.js, for pages that are opened from a folder: gzip, base64. */
    INCARNATE_AVATAR?: string;
  }
}

/** The package that the page is meant to show; undefined where there is none beside it. */
export async function firstPackage(progress: (part: number) => void): Promise<ArrayBuffer | undefined> {
  const asked = new URLSearchParams(location.search).get("avatar");
  if (asked) return fetched(new URL(asked, location.href), progress);
  if (location.protocol === "file:") return embedded();
  const beside = new URL(BESIDE, location.href);
  const answer = await fetch(beside, { method: "HEAD" }).catch(() => undefined);
  return answer?.ok ? fetched(beside, progress) : undefined;
}

export async function fetched(address: URL, progress: (part: number) => void = () => undefined): Promise<ArrayBuffer> {
  const answer = await fetch(address).catch(() => undefined);
  if (!answer?.ok || !answer.body) {
    throw new FileError(`${address.href} does not answer${answer ? ` (${answer.status})` : ""}.`);
  }
  const total = Number(answer.headers.get("content-length") ?? 0);
  const parts: Uint8Array[] = [];
  let done = 0;
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    done += part.value.length;
    if (done > MAX_BYTES) throw new FileError("The package is larger than 1 GiB.");
    if (total) progress(Math.min(done / total, 1));
  }
  const whole = new Uint8Array(done);
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole.buffer;
}

/** Pages opened from a folder may fetch nothing, but may run a script beside them. */
async function embedded(): Promise<ArrayBuffer | undefined> {
  await new Promise<void>((resolve) => {
    const script = document.createElement("script");
    script.src = "avatar.js";
    script.onload = script.onerror = () => resolve();
    document.head.append(script);
  });
  const text = window.INCARNATE_AVATAR;
  if (!text) return undefined;
  delete window.INCARNATE_AVATAR;
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).arrayBuffer();
}
