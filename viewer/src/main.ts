import { readPackage } from "./package";
import { cameraOf } from "./camera";
import { poseOfClip } from "./rig";
import { Viewer } from "./viewer";
import { parseHdr } from "./light";
import sky from "../data/sky.hdr";
import studio from "../data/studio.hdr";
import night from "../data/night_street.hdr";
const lights: any = { sky, studio, night_street: night };
(window as any).incarnate = {
  async still(base64: string, request: any): Promise<string> {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const avatar = readPackage(bytes.buffer);
    const canvas = document.createElement("canvas");
    const pose = poseOfClip(avatar.clips[0], request.frame);
    const viewer = new Viewer(canvas, avatar, pose);
    const isCapture = request.light === "capture";
    const radiance = isCapture ? avatar.light : parseHdr(lights[request.light]);
    await viewer.still({
      pose,
      camera: cameraOf(request.camera ?? avatar.camera),
      light: { radiance, rotation: request.rotation ?? 0, isCapture },
      look: { gain: 1, background: [0, 0, 0], shown: request.shown ?? "picture" },
    });
    return canvas.toDataURL();
  },
};
