// Starts the page, and offers what tests and other pages may ask of it: window.incarnate.

import { Bridge, bridgedSource } from "./bridge";
import { cameraOf } from "./camera";
import { FaceMotion } from "./face_motion";
import { FileError } from "./glb";
import { firstPackage } from "./loading";
import { Page } from "./page";
import type { CameraFacts, Package } from "./package";
import { poseOfClip } from "./rig";
import { Viewer } from "./viewer";

interface StillRequest {
  /** Number of the clip; the first if left out. */
  clip?: number;
  frame: number;
  camera?: CameraFacts;
  light?: string;
  /** Degrees. */
  rotation?: number;
}

const page = new Page();
let offstage: { avatar: Package; viewer: Viewer } | undefined;

async function start(): Promise<void> {
  try {
    page.say("Loading …");
    const file = await firstPackage((part) => page.say(`Loading … ${Math.round(100 * part)} %`));
    if (file) page.show(file);
    else page.say("Drop an avatar package (.glb) here, or open one.");
    followBridge();
  } catch (problem) {
    page.say((problem as Error).message, true);
    if (!(problem instanceof FileError)) throw problem;
  }
}

/** Whoever started the server with a source of motion wants to see it. */
function followBridge(): void {
  const source = bridgedSource();
  if (source === undefined) return;
  const bridge = new Bridge(source);
  page.live.offer(bridge);
  if (page.avatar) page.live.toggle(bridge, page.avatar);
}

/** A picture of the avatar over black at the camera's own size, as a PNG's data address. */
async function still(request: StillRequest): Promise<string> {
  const { avatar } = page;
  const light = page.light(request.light ?? "capture", request.rotation ?? 0);
  if (!avatar || !light) throw new Error("No avatar is shown.");
  const pose = poseOfClip(avatar.clips[request.clip ?? 0], request.frame);
  const camera = cameraOf(request.camera ?? avatar.camera);
  if (offstage?.avatar !== avatar) {
    offstage = { avatar, viewer: new Viewer(document.createElement("canvas"), avatar, pose) };
  }
  const { viewer } = offstage;
  await viewer.still({ pose, camera, light, look: { gain: 1, background: [0, 0, 0], shown: "picture" } });
  return viewer.canvas.toDataURL();
}

Object.assign(window, { incarnate: { ready: start(), page, still, FaceMotion } });
