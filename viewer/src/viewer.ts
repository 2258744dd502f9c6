// Ties pose, sorting and drawing together: whatever changes asks for a frame.

import type { Camera } from "./camera";
import { type Light, type Look, Renderer } from "./renderer";
import type { Package } from "./package";
import { type Pose, type Posed, poseAvatar } from "./rig";
import { type SortAnswer, Sorter, type SortRequest, type SortStart, sortStart } from "./sorting";
import workerCode from "worker:sorting_worker";

export interface Scene {
  pose: Pose;
  camera: Camera;
  light: Light;
  look: Look;
}

/** Sorts in a worker, or here where pages may have none. */
class Sorting {
  private readonly worker: Worker | undefined;
  private readonly sorter: Sorter | undefined;
  private readonly waiting = new Map<number, (order: Uint32Array) => void>();
  private last = 0;

  constructor(start: SortStart) {
    try {
      const address = URL.createObjectURL(new Blob([workerCode], { type: "text/javascript" }));
      this.worker = new Worker(address);
      this.worker.onmessage = ({ data }: MessageEvent<SortAnswer>) => {
        this.waiting.get(data.id)?.(data.order);
        this.waiting.delete(data.id);
      };
      this.worker.postMessage(start);
    } catch {
      this.sorter = new Sorter(start);
    }
  }

  get isBusy(): boolean {
    return this.waiting.size > 0;
  }

  sort(posed: Posed | undefined, depthRow: number[]): Promise<Uint32Array> {
    const id = ++this.last;
    const pose = posed ? { coefficients: posed.coefficients, transforms: posed.transforms } : {};
    const request: SortRequest = { id, depthRow, ...pose };
    if (this.sorter) return Promise.resolve(this.sorter.sort(request).order);
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.worker?.postMessage(request);
    });
  }

  stop(): void {
    this.worker?.terminate();
  }
}

export class Viewer {
  readonly canvas: HTMLCanvasElement;
  private readonly gl: WebGL2RenderingContext;
  private avatar: Package;
  private renderer: Renderer;
  private sorting: Sorting;
  private posed: Posed;
  /** What the splats on the GPU, and those in the worker, are posed and lit as. */
  private drawn: { pose: Pose; light: string } | undefined;
  private isNew = false;
  private sorted: { pose: Pose; depthRow: string } | undefined;

  constructor(canvas: HTMLCanvasElement, avatar: Package, first: Pose) {
    const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, depth: false, premultipliedAlpha: true });
    if (!gl) throw new Error("This browser has no WebGL2, which the viewer needs.");
    this.canvas = canvas;
    this.gl = gl;
    this.renderer = new Renderer(gl, avatar);
    this.sorting = new Sorting(sortStart(avatar));
    this.avatar = avatar;
    this.posed = poseAvatar(avatar, first);
  }

  replace(avatar: Package): void {
    this.renderer.free();
    this.sorting.stop();
    this.renderer = new Renderer(this.gl, avatar);
    this.sorting = new Sorting(sortStart(avatar));
    this.avatar = avatar;
    this.drawn = this.sorted = undefined;
  }

  /** Whether an order is being made that the last frame did not have. */
  get isWaiting(): boolean {
    return this.sorting.isBusy || this.isNew;
  }

  /** Draw a frame now, in the last order; ask for a new order where it may have changed. */
  frame(scene: Scene): void {
    this.prepare(scene);
    const depthRow = scene.camera.cameraFromWorld.slice(8, 12);
    const isStale = this.sorted?.pose !== scene.pose || this.sorted.depthRow !== String(depthRow);
    if (isStale && !this.sorting.isBusy) void this.order(scene.pose, depthRow);
    this.renderer.draw(scene.camera, scene.light, scene.look);
    this.isNew = false;
  }

  /** Draw a frame in its own exact order. */
  async still(scene: Scene): Promise<void> {
    this.prepare(scene);
    await this.order(scene.pose, scene.camera.cameraFromWorld.slice(8, 12));
    this.prepare(scene);
    this.renderer.draw(scene.camera, scene.light, scene.look);
  }

  private prepare({ pose, light, camera }: Scene): void {
    const { canvas } = this;
    if (canvas.width !== camera.width) canvas.width = camera.width;
    if (canvas.height !== camera.height) canvas.height = camera.height;
    const lightKey = `${light.rotation} ${light.isCapture} ${idOf(light.radiance)}`;
    if (this.drawn?.pose === pose && this.drawn.light === lightKey) return;
    if (this.drawn?.pose !== pose) this.posed = poseAvatar(this.avatar, pose);
    this.renderer.deform(this.posed, light);
    this.drawn = { pose, light: lightKey };
  }

  private async order(pose: Pose, depthRow: number[]): Promise<void> {
    const sameAvatar = this.sorting;
    const posed = this.sorted?.pose === pose ? undefined : this.posed;
    this.sorted = { pose, depthRow: String(depthRow) };
    const order = await this.sorting.sort(posed, depthRow);
    if (sameAvatar !== this.sorting) return;
    this.renderer.setOrder(order);
    this.isNew = true;
  }
}

const ids = new WeakMap<object, number>();
let lastId = 0;

function idOf(thing: object): number {
  const id = ids.get(thing) ?? ++lastId;
  ids.set(thing, id);
  return id;
}
