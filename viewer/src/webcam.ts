// A face before the webcam moves the avatar: the camera's pictures go to a worker that finds the face in them.

import type { Face } from "./face_pose";
import { FaceMotion } from "./face_motion";
import { fetched } from "./loading";
import type { Follower, FollowedPose, Phase } from "./following";
import type { Package } from "./package";
import type { FinderAnswer, FinderStart, PictureRequest } from "./webcam_worker";

const WORKER = "webcam/worker.js";
const WASM = "webcam/vision_wasm_internal.wasm.gz";
const MODEL = "models/face_landmarker.task";
const CAMERA: MediaTrackConstraints = {
  width: { ideal: 640 },
  height: { ideal: 480 },
  frameRate: { ideal: 30 },
  facingMode: "user",
};
/** Milliseconds without a face, after which the avatar no longer waits for it. */
const PATIENCE = 2000;

const REFUSALS: Record<string, string> = {
  NotAllowedError: "The camera may not be used: allow it in the browser's address bar, then start again.",
  NotFoundError: "There is no camera.",
  NotReadableError: "The camera doesn't answer: does another program use it?",
};

type Parts = "none" | "parts" | "model";

/** What whoever wrote the page says lies beside it, so that nothing is asked for that is missing. */
export function partsBeside(): Parts {
  const named = document.querySelector<HTMLMetaElement>('meta[name="webcam"]')?.content;
  // Pages opened from a folder can start no worker from a file.
  return location.protocol.startsWith("http") && (named === "model" || named === "parts") ? named : "none";
}

export class Webcam implements Follower {
  readonly name = "Webcam";
  /** What the user gave, where no model lies beside the page. */
  model: ArrayBuffer | undefined;
  /** Milliseconds that finding a face took, of the last pictures. */
  readonly times: number[] = [];
  private running: AbortController | undefined;

  async start(
    avatar: Package,
    onPose: (pose: FollowedPose) => void,
    onState: (phase: Phase, text: string) => void,
  ): Promise<void> {
    if (avatar.kind === "body") throw new Error("A body's face stays as it is: the webcam moves heads.");
    this.stop();
    const running = (this.running = new AbortController());
    try {
      onState("waiting", "Loading what finds faces …");
      const files = await this.files();
      running.signal.throwIfAborted();
      const worker = new Worker(WORKER);
      running.signal.addEventListener("abort", () => worker.terminate());
      await answered(worker, files, [files.wasm]);
      running.signal.throwIfAborted();
      const video = await openCamera(running.signal);
      onState("waiting", "Looking for a face …");
      this.follow(video, worker, running.signal, new Guide(avatar, onPose, onState));
    } catch (problem) {
      running.abort();
      throw problem;
    }
  }

  stop(): void {
    this.running?.abort();
    this.running = undefined;
    this.times.length = 0;
  }

  private async files(): Promise<FinderStart> {
    if (!this.model && partsBeside() !== "model") {
      throw new Error(
        "MediaPipe's face model is missing: `incarnate doctor --fetch` gets it; then start `incarnate view` again, " +
          "or open the file face_landmarker.task here.",
      );
    }
    const model = this.model?.slice(0) ?? (await fetched(new URL(MODEL, location.href)));
    return { model, wasm: await unpacked(await fetched(new URL(WASM, location.href))) };
  }

  /** One picture at a time: those that come meanwhile are passed over. */
  private follow(video: HTMLVideoElement, worker: Worker, signal: AbortSignal, guide: Guide): void {
    const look = async (seen: number): Promise<void> => {
      if (signal.aborted) return;
      const begun = performance.now();
      try {
        const picture = await createImageBitmap(video);
        const { face } = await answered(worker, { picture, time: seen }, [picture]);
        if (signal.aborted) return;
        this.times.push(performance.now() - begun);
        if (this.times.length > 100) this.times.shift();
        guide.take(face, seen);
      } catch (problem) {
        if (!signal.aborted) guide.fail((problem as Error).message);
        return;
      }
      next();
    };
    const next = (): void => {
      video.requestVideoFrameCallback((now, { captureTime }) => void look(captureTime ?? now));
    };
    next();
  }
}

/** Says what the driver has to do, and hands over the avatar's poses. */
class Guide {
  private readonly motion: FaceMotion;
  private phase: Phase = "waiting";
  private lastFace = -Infinity;

  constructor(
    avatar: Package,
    private readonly onPose: (pose: FollowedPose) => void,
    private readonly onState: (phase: Phase, text: string) => void,
  ) {
    this.motion = new FaceMotion(avatar);
  }

  /** @param seen - When the picture was taken, milliseconds. */
  take(face: Face | undefined, seen: number): void {
    if (!face) {
      if (this.phase === "following" && seen - this.lastFace > PATIENCE) this.tell("lost", "No face is seen.");
      return;
    }
    this.lastFace = seen;
    const pose = this.motion.take(face, seen / 1000);
    if (!pose) {
      const part = Math.round(100 * this.motion.calibration);
      this.tell("calibrating", `Hold still and look ahead … ${part} %`);
      return;
    }
    if (this.phase !== "following") this.tell("following", "");
    this.onPose({ ...pose, age: performance.now() - seen });
  }

  fail(text: string): void {
    this.tell("failed", text);
  }

  private tell(phase: Phase, text: string): void {
    this.phase = phase;
    this.onState(phase, text);
  }
}

/** The camera, shown small in a corner, as in a mirror. */
async function openCamera(signal: AbortSignal): Promise<HTMLVideoElement> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new Error("Browsers lend their camera to secure pages only: use https, or this machine's own address.");
  const stream = await devices.getUserMedia({ video: CAMERA, audio: false }).catch((problem: Error) => {
    throw new Error(REFUSALS[problem.name] ?? `The camera can't be opened (${problem.message}).`);
  });
  const video = document.createElement("video");
  const close = (): void => {
    stream.getTracks().forEach((track) => track.stop());
    video.remove();
  };
  if (signal.aborted) close();
  signal.throwIfAborted();
  signal.addEventListener("abort", close);
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true, id: "camera" });
  video.setAttribute("aria-label", "What the camera sees");
  document.getElementById("stage")?.append(video);
  await video.play();
  return video;
}

function answered(worker: Worker, request: FinderStart | PictureRequest, moved: Transferable[]): Promise<FinderAnswer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FinderAnswer>) =>
      data.failure === undefined ? resolve(data) : reject(new Error(`No faces can be found (${data.failure}).`));
    worker.onerror = ({ message }) => reject(new Error(`${WORKER} can't be run (${message || "it was refused"}).`));
    worker.postMessage(request, moved);
  });
}

/** Unpacked, unless the server has done so already. */
async function unpacked(file: ArrayBuffer): Promise<ArrayBuffer> {
  const [first, second] = new Uint8Array(file, 0, 2);
  if (first !== 0x1f || second !== 0x8b) return file;
  return new Response(new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
