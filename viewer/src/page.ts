// The page: what the user does becomes a scene, and the scene a frame.

import { type Camera, Orbit } from "./camera";
import { composePose } from "./face";
import { type FollowedPose, Live, Transition } from "./following";
import { FileError } from "./glb";
import { CAPTURE, Lights } from "./lights";
import { Panel, type Settings, START } from "./panel";
import { type Clip, type Package, readPackage } from "./package";
import { listenToPointers } from "./pointing";
import type { Light, Look } from "./renderer";
import type { Pose } from "./rig";
import { Viewer } from "./viewer";
import { partsBeside, Webcam } from "./webcam";

const DARK: [number, number, number] = [0.012, 0.014, 0.018];
const PLAY = '<svg viewBox="0 0 16 16"><path d="M4 2l10 6-10 6z"/></svg>';
const PAUSE = '<svg viewBox="0 0 16 16"><path d="M3 2h4v12H3zm6 0h4v12H9z"/></svg>';
// Slower than this, pictures get fewer pixels; faster, more again. Seconds a frame.
const SLOW = 1 / 24;
const FAST = 1 / 50;

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

export class Page {
  readonly settings: Settings = structuredClone(START);
  readonly lights = new Lights();
  readonly live = new Live(() => this.showLive(), () => this.rebuild());
  readonly webcam = new Webcam();
  avatar: Package | undefined;
  orbit: Orbit | undefined;
  private viewer: Viewer | undefined;
  private readonly panel: Panel;
  private isPlaying = true;
  /** Frames of the clip since its start. */
  private moment = 0;
  private shownClip = 0;
  private pose: { pose: Pose; key: string; followed: FollowedPose | undefined } | undefined;
  private readonly transition = new Transition();
  private liveWords = "";
  private isAsked = false;
  private last = 0;
  private pixelShare = 1;
  private readonly times: number[] = [];

  constructor() {
    this.panel = new Panel(element("panel"), this.settings, {
      changed: () => this.ask(),
      reset: () => this.reset(),
      open: () => this.openFile(),
      follow: (follower) => this.avatar && this.live.toggle(follower, this.avatar),
    }, this.live);
    listenToPointers(element("view"), () => this.orbit, () => this.ask());
    addEventListener("resize", () => this.ask());
    addEventListener("keydown", (event) => this.key(event));
    element("play").addEventListener("click", () => this.play(!this.isPlaying));
    const scrub = element<HTMLInputElement>("scrub");
    scrub.addEventListener("input", () => {
      this.play(false);
      this.moment = Number(scrub.value);
      this.ask();
    });
    this.listenToDrops();
    if (partsBeside() !== "none") this.live.offer(this.webcam);
  }

  /** Show words in the middle of the picture; none where there are none. */
  say(text: string, isFault = false): void {
    const words = document.createElement("p");
    words.textContent = text;
    words.classList.toggle("fault", isFault);
    const open = document.createElement("button");
    open.type = "button";
    open.textContent = "Open a file";
    open.addEventListener("click", () => this.openFile());
    element("notice").replaceChildren(...(text ? [words] : []), ...(text && !this.avatar ? [open] : []));
    if (isFault && this.avatar) setTimeout(() => this.say(""), 6000);
  }

  /** Take a package; throws FileError where it is none. */
  show(file: ArrayBuffer): void {
    const avatar = readPackage(file);
    this.live.stop();
    this.transition.forget();
    this.avatar = avatar;
    this.pose = undefined;
    this.moment = 0;
    this.settings.clip = this.shownClip = 0;
    const first = composePose(avatar, avatar.clips[0], 0, {});
    if (this.viewer) this.viewer.replace(avatar);
    else this.viewer = new Viewer(element("view"), avatar, first);
    this.orbit = avatar.kind === "body" ? Orbit.ofBody(avatar, first) : Orbit.ofHead(avatar);
    this.panel.build(avatar, this.lights.names);
    element("name").textContent = document.title = avatar.name;
    for (const id of ["title", "panel"]) element(id).hidden = false;
    element("transport").hidden = avatar.clips.length === 0;
    element<HTMLInputElement>("scrub").max = String((this.clip?.frames ?? 1) - 1);
    this.play(avatar.clips.length > 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches);
    this.say("");
    this.ask();
  }

  /** Change settings, as the panel would. */
  set(changes: Partial<Settings>): void {
    Object.assign(this.settings, changes);
    this.panel.refresh();
    this.ask();
  }

  play(isPlaying: boolean): void {
    this.isPlaying = isPlaying;
    element("play").innerHTML = isPlaying ? PAUSE : PLAY;
    this.ask();
  }

  light(name = this.settings.light, degrees = this.settings.rotation): Light | undefined {
    if (!this.avatar) return undefined;
    return {
      radiance: this.lights.radiance(this.avatar, name),
      rotation: (degrees * Math.PI) / 180,
      isCapture: name === CAPTURE,
    };
  }

  /** Whether nothing is left to draw. */
  get isAtRest(): boolean {
    return !this.isAsked && !this.viewer?.isWaiting && !this.transition.isRunning;
  }

  /** The canvas as a PNG's data address. */
  snapshot(): string {
    const { avatar, orbit, viewer } = this;
    const light = this.light();
    if (!avatar || !orbit || !viewer || !light) throw new Error("No avatar is shown.");
    // Browsers clear what they have shown: it is drawn once more.
    viewer.frame({ pose: this.posed(avatar), camera: this.camera(orbit), light, look: this.look() });
    return viewer.canvas.toDataURL();
  }

  private look(): Look {
    const { exposure, background, shown } = this.settings;
    const behind = background === "light" ? "light" : background === "white" ? [1, 1, 1] : DARK;
    return { gain: 2 ** exposure, background: behind as Look["background"], shown };
  }

  private ask(): void {
    if (this.isAsked || !this.viewer) return;
    this.isAsked = true;
    requestAnimationFrame((time) => this.frame(time / 1000));
  }

  private frame(time: number): void {
    this.isAsked = false;
    const { avatar, orbit, viewer } = this;
    const light = this.light();
    if (!avatar || !orbit || !viewer || !light) return;
    const step = Math.min(time - this.last, 0.25);
    this.last = time;
    const clip = this.clip;
    if (this.shownClip !== this.settings.clip) this.beginClip();
    else if (this.clipRuns && clip) this.moment += step * clip.fps;
    this.measure(time, step);
    const pose = this.transition.pose(this.posed(avatar), this.live.pose !== undefined, time);
    orbit.follow(pose.translation);
    viewer.frame({ pose, camera: this.camera(orbit), light, look: this.look() });
    this.live.drawn();
    if (this.live.pose) this.showLatency();
    this.showMoment();
    // A second look takes the order that the first one asked for.
    if (viewer.isWaiting || this.clipRuns || this.transition.isRunning) this.ask();
    (window as Window & { __done?: boolean }).__done = true;
  }

  private camera(orbit: Orbit): Camera {
    const canvas = element<HTMLCanvasElement>("view");
    const ratio = Math.min(devicePixelRatio, 2) * this.pixelShare;
    return orbit.camera(Math.max(1, Math.round(canvas.clientWidth * ratio)), Math.max(1, Math.round(canvas.clientHeight * ratio)));
  }

  private get clip(): Clip | undefined {
    return this.avatar?.clips[this.settings.clip];
  }

  private get clipRuns(): boolean {
    return this.isPlaying && this.clip !== undefined && this.settings.motion === "clip" && !this.live.pose;
  }

  private beginClip(): void {
    this.shownClip = this.settings.clip;
    this.moment = 0;
    element<HTMLInputElement>("scrub").max = String((this.clip?.frames ?? 1) - 1);
  }

  /** Position in the clip. A face goes to its end and back; a body, which would walk backwards, begins anew. */
  private get frameOfClip(): number {
    const last = (this.clip?.frames ?? 1) - 1;
    if (last <= 0) return 0;
    if (this.avatar?.kind === "body") return this.moment <= last ? this.moment : (this.moment - last) % last;
    const at = this.moment % (2 * last);
    return at <= last ? at : 2 * last - at;
  }

  /** The same pose object while nothing changes, so that nothing is done twice. */
  private posed(avatar: Package): Pose {
    const moment = this.settings.motion === "clip" && this.clip ? this.frameOfClip : undefined;
    const followed = this.live.pose;
    const key = `${this.settings.clip} ${followed ? "" : moment} ${JSON.stringify(this.settings.values)}`;
    if (this.pose?.key !== key || this.pose.followed !== followed) {
      this.pose = { key, followed, pose: composePose(avatar, this.clip, moment, this.settings.values, followed) };
    }
    return this.pose.pose;
  }

  private showMoment(): void {
    const clip = this.clip;
    if (!clip) return;
    const scrub = element<HTMLInputElement>("scrub");
    const at = this.frameOfClip;
    if (document.activeElement !== scrub || this.isPlaying) scrub.value = String(at);
    scrub.style.setProperty("--part", `${(100 * at) / Math.max(clip.frames - 1, 1)}%`);
    element("moment").textContent = `${(at / clip.fps).toFixed(1)} s`;
  }

  /** The frame rate, shown; and pixels traded for it while things move. */
  private measure(time: number, step: number): void {
    this.times.push(time);
    while (this.times[0] < time - 1) this.times.shift();
    const { count } = this.avatar!;
    const isMoving = this.times.length > 2;
    const rate = isMoving ? (this.times.length - 1) / (time - this.times[0]) : 0;
    const words = isMoving ? `${Math.round(rate)} frames a second` : "still";
    element("facts").textContent = `${words} · ${count.toLocaleString("en")} splats`;
    if (this.times.length < 12 || step > 0.2) return;
    if (1 / rate > SLOW && this.pixelShare > 0.5) this.pixelShare = Math.max(0.5, this.pixelShare * 0.9);
    else if (1 / rate < FAST && this.pixelShare < 1) this.pixelShare = Math.min(1, this.pixelShare * 1.02);
  }

  private reset(): void {
    Object.assign(this.settings, structuredClone(START));
    this.orbit?.reset();
    this.rebuild();
    this.ask();
  }

  private rebuild(): void {
    if (this.avatar) this.panel.build(this.avatar, this.lights.names);
  }

  /** A follower has a new pose, or something to say. */
  private showLive(): void {
    const { live } = this;
    const words = `${live.running?.name} ${live.phase} ${live.text}`;
    if (words !== this.liveWords) {
      this.liveWords = words;
      this.panel.refresh();
      element("transport").hidden = live.phase === "following" || !this.avatar?.clips.length;
      this.showLatency();
    }
    this.ask();
  }

  private showLatency(): void {
    const { running, phase, latency } = this.live;
    const line = element("live");
    line.hidden = !running;
    line.dataset.phase = phase;
    const age = phase === "following" && latency !== undefined ? ` · ${Math.round(latency)} ms` : "";
    line.textContent = running ? `Live · ${running.name} · ${phase}${age}` : "";
  }

  private openFile(): void {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", accept: ".glb,.hdr,.exr,.task" });
    input.addEventListener("change", () => input.files?.[0] && void this.take(input.files[0]));
    input.click();
  }

  /** A file from the user: an avatar, a light, or the model that finds faces. */
  async take(file: File): Promise<void> {
    try {
      if (/\.(hdr|exr)$/i.test(file.name)) {
        const name = file.name.slice(0, -4);
        this.lights.add(name, new Uint8Array(await file.arrayBuffer()));
        this.settings.light = name;
        if (this.avatar) this.panel.build(this.avatar, this.lights.names);
        this.ask();
      } else if (/\.task$/i.test(file.name)) {
        this.webcam.model = await file.arrayBuffer();
        if (this.avatar && this.live.running !== this.webcam) this.live.toggle(this.webcam, this.avatar);
      } else {
        this.show(await file.arrayBuffer());
      }
    } catch (problem) {
      if (!(problem instanceof FileError)) throw problem;
      this.say(`${file.name}: ${problem.message}`, true);
    }
  }

  private listenToDrops(): void {
    const drop = element("drop");
    addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.hidden = false;
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.hidden = true;
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      drop.hidden = true;
      for (const file of event.dataTransfer?.files ?? []) void this.take(file);
    });
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isOnControl = event.target instanceof HTMLInputElement || event.target instanceof HTMLButtonElement;
    if (isOnControl && (event.key === " " || event.key.startsWith("Arrow"))) return;
    const { settings, orbit } = this;
    const names = this.lights.names;
    const actions: Record<string, () => void> = {
      " ": () => this.play(!this.isPlaying),
      ArrowLeft: () => orbit?.turn(-0.08, 0),
      ArrowRight: () => orbit?.turn(0.08, 0),
      ArrowUp: () => orbit?.turn(0, 0.08),
      ArrowDown: () => orbit?.turn(0, -0.08),
      "+": () => orbit?.zoom(0.9),
      "=": () => orbit?.zoom(0.9),
      "-": () => orbit?.zoom(1.1),
      l: () => (settings.light = names[(names.indexOf(settings.light) + 1) % names.length]),
      "[": () => (settings.rotation = Math.max(-180, settings.rotation - 10)),
      "]": () => (settings.rotation = Math.min(180, settings.rotation + 10)),
      e: () => (settings.exposure = Math.min(4, settings.exposure + 0.25)),
      d: () => (settings.exposure = Math.max(-4, settings.exposure - 0.25)),
      "0": () => this.reset(),
      h: () => (element("panel").hidden = !element("panel").hidden),
    };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || !this.avatar) return;
    event.preventDefault();
    action();
    this.panel.refresh();
    this.ask();
  }
}
