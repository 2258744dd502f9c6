// The worker's end of webcam.ts: finds a face in pictures by MediaPipe's face landmarker.

import { FaceLandmarker } from "@mediapipe/tasks-vision";
import type { Face } from "./face_pose";

export interface FinderStart {
  wasm: ArrayBuffer;
  model: ArrayBuffer;
}

export interface PictureRequest {
  picture: ImageBitmap;
  /** Milliseconds; rises from picture to picture. */
  time: number;
}

/** One answer to the start, with nothing in it, and one to each picture. */
export interface FinderAnswer {
  failure?: string;
  face?: Face;
  time?: number;
}

const scope = self as unknown as {
  onmessage: (event: MessageEvent<FinderStart | PictureRequest>) => void;
  postMessage(message: FinderAnswer, transfer?: Transferable[]): void;
  /** What MediaPipe's loader, which stands at the head of this script, takes the compiled code from. */
  Module: { wasmBinary: ArrayBuffer; print(text: string): void; printErr(text: string): void } | undefined;
};
/** Points of the skin; those of the irises follow. */
const SKIN = 468;
let finder: FaceLandmarker | undefined;

scope.onmessage = async ({ data }) => {
  try {
    if ("model" in data) {
      await start(data);
      scope.postMessage({});
    } else {
      const face = find(data);
      scope.postMessage(face ? { time: data.time, face } : { time: data.time }, face ? [face.points.buffer] : []);
    }
  } catch (problem) {
    scope.postMessage({ failure: (problem as Error).message ?? String(problem) });
  }
};

async function start({ wasm, model }: FinderStart): Promise<void> {
  // It tells of all that it does; only errors (E) and fatal ones (F) are worth a visitor's console.
  const tell = (text: string): void => {
    if (/^[EF]\d/.test(text)) console.error(text);
  };
  scope.Module = { wasmBinary: wasm, print: tell, printErr: tell };
  console.warn = tell;
  // Paths are asked for, but the loader and the binary are here already.
  const files = { wasmLoaderPath: "", wasmBinaryPath: "vision.wasm" };
  finder = await FaceLandmarker.createFromOptions(files, {
    baseOptions: { modelAssetBuffer: new Uint8Array(model), delegate: "CPU" },
    runningMode: "VIDEO",
    // With one, MediaPipe would smooth the points itself, and lag; Python asks for two as well.
    numFaces: 2,
    outputFaceBlendshapes: true,
  });
}

function find({ picture, time }: PictureRequest): Face | undefined {
  const { width, height } = picture;
  const found = finder?.detectForVideo(picture, time);
  picture.close();
  const faces = (found?.faceLandmarks ?? []).map((marks, number): Face => ({
    // The depth has the scale of x.
    points: Float64Array.from(marks.flatMap(({ x, y, z }) => [x * width, y * height, z * width])),
    scores: Object.fromEntries(
      found!.faceBlendshapes[number].categories.map(({ categoryName, score }) => [categoryName, score]),
    ),
  }));
  return faces.sort((a, b) => size(b) - size(a))[0];
}

/** The longer side of a face's box, pixels. */
function size({ points }: Face): number {
  const side = (axis: number): number => {
    const values = points.filter((_, i) => i < 3 * SKIN && i % 3 === axis);
    return Math.max(...values) - Math.min(...values);
  };
  return Math.max(side(0), side(1));
}
