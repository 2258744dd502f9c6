// The panel of controls, built from what the avatar has.

import { controlsOf, type Control, type Values } from "./face";
import type { Follower, Live } from "./following";
import type { Package } from "./package";

export interface Settings {
  values: Values;
  light: string;
  /** Degrees about the vertical. */
  rotation: number;
  /** Stops. */
  exposure: number;
  background: "dark" | "white" | "light";
  shown: "picture" | "albedo" | "normals" | "gloss" | "light reach";
  motion: "clip" | "rest";
  /** Number of the clip. */
  clip: number;
}

export const START: Readonly<Settings> = {
  values: {},
  light: "capture",
  rotation: 0,
  exposure: 0,
  background: "dark",
  shown: "picture",
  motion: "clip",
  clip: 0,
};

const KEYS: [string, string][] = [
  ["space", "play or pause"],
  ["← → ↑ ↓", "go around"],
  ["+ −", "closer, further"],
  ["L", "next light"],
  ["[ ]", "turn the light"],
  ["E D", "brighter, darker"],
  ["0", "all as it was"],
  ["H", "hide the controls"],
];

export interface PanelEvents {
  changed(): void;
  reset(): void;
  open(): void;
  follow(follower: Follower): void;
}

/** Shows settings and changes them. */
export class Panel {
  private refreshers: (() => void)[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly settings: Settings,
    private readonly events: PanelEvents,
    private readonly live: Live,
  ) {}

  /** Build it anew for an avatar and the lights there are. */
  build(avatar: Package, lights: string[]): void {
    this.refreshers = [];
    const { settings } = this;
    const about = this.about(avatar);
    const parts = controlsOf(avatar).map(({ title, controls, isFolded }) => {
      const sliders = controls.map((control) => this.control(control));
      return isFolded ? fold(title, sliders) : section(title, sliders);
    });
    const names = avatar.clips.length > 1 ? avatar.clips.map(({ name }) => name) : ["clip"];
    const motion = section("Motion", [
      this.chips(
        [...names, "rest"],
        () => (settings.motion === "rest" ? names.length : settings.clip),
        (_, number) => {
          settings.motion = number < names.length ? "clip" : "rest";
          if (number < names.length) settings.clip = number;
        },
      ),
    ]);
    const shown = ["picture", "albedo", "normals", "gloss", "light reach"];
    const light = section("Light", [
      this.chips(lights, () => settings.light, (name) => (settings.light = name)),
      this.slider({ label: "Turn", low: -180, high: 180, unit: "°" }, () => settings.rotation, (v) => (settings.rotation = v)),
      this.slider({ label: "Exposure", low: -4, high: 4, unit: "" }, () => settings.exposure, (v) => (settings.exposure = v)),
    ]);
    const background = section("Background", [
      this.chips(["dark", "white", "light"], () => settings.background, (name) => (settings.background = name as Settings["background"])),
    ]);
    const maps = fold("Maps", [
      this.chips(shown, () => settings.shown, (name) => (settings.shown = name as Settings["shown"])),
    ]);
    const buttons = chipRow([button("Reset", this.events.reset), button("Open a file", this.events.open)]);
    const motions = [...(this.live.offered.length ? [this.liveSection()] : []), ...(avatar.clips.length ? [motion] : [])];
    this.place.replaceChildren(light, ...motions, ...parts, background, maps, about, buttons);
    this.refresh();
  }

  /** Show the settings as they are now. */
  refresh(): void {
    this.refreshers.forEach((show) => show());
  }

  private changed(): void {
    this.refresh();
    this.events.changed();
  }

  private control({ key, label, low, high, isAngle }: Control): HTMLElement {
    return this.slider({ label, low, high, unit: isAngle ? "°" : "" }, () => this.settings.values[key] ?? 0, (value) => {
      this.settings.values[key] = value;
    });
  }

  private slider(
    { label, low, high, unit }: { label: string; low: number; high: number; unit: string },
    get: () => number,
    set: (value: number) => void,
  ): HTMLElement {
    const row = document.createElement("div");
    row.className = "slider";
    const name = document.createElement("label");
    const input = document.createElement("input");
    const shown = document.createElement("output");
    name.textContent = name.title = label;
    Object.assign(input, { type: "range", min: String(low), max: String(high), step: unit ? "1" : "0.01" });
    input.id = `c-${label.replace(/\W/g, "-")}-${this.refreshers.length}`;
    name.htmlFor = input.id;
    input.addEventListener("input", () => {
      set(Number(input.value));
      this.changed();
    });
    name.addEventListener("dblclick", () => {
      set(0);
      this.changed();
    });
    this.refreshers.push(() => {
      input.value = String(get());
      shown.textContent = unit ? `${Math.round(get())}${unit}` : get().toFixed(2);
      input.style.setProperty("--part", `${(100 * (get() - low)) / (high - low)}%`);
    });
    row.append(name, input, shown);
    return row;
  }

  /** Chips of which one is chosen, told by its name or its number. */
  private chips(
    names: string[],
    get: () => string | number,
    set: (name: string, number: number) => void,
  ): HTMLElement {
    return chipRow(
      names.map((name, number) => {
        const chip = button(name.slice(0, 1).toUpperCase() + name.slice(1), () => {
          set(name, number);
          this.changed();
        });
        this.refreshers.push(() => {
          const chosen = get();
          chip.setAttribute("aria-pressed", String(chosen === name || chosen === number));
        });
        return chip;
      }),
    );
  }

  /** A button a source of live motion, and what the one that runs has to say. */
  private liveSection(): HTMLElement {
    const { live } = this;
    const chips = live.offered.map((follower) => {
      const chip = button(follower.name, () => this.events.follow(follower));
      this.refreshers.push(() => chip.setAttribute("aria-pressed", String(live.running === follower)));
      return chip;
    });
    const words = document.createElement("p");
    words.className = "about";
    words.setAttribute("role", "status");
    this.refreshers.push(() => (words.textContent = live.running ? live.text : "The avatar follows someone's motion. Sliders add to it."));
    return section("Live", [chipRow(chips), words]);
  }

  private about(avatar: Package): HTMLElement {
    const lines: [string, string][] = Object.entries(avatar.consent ?? {}).map(([what, text]) => [what, String(text ?? "")]);
    if (!lines.length) lines.push(["consent", "nobody said whose likeness this is, and by what right"]);
    lines.push(...Object.entries(avatar.licenses).map(([what, terms]): [string, string] => [`licence of the ${what}`, String(terms)]));
    const paragraphs = lines.map(([what, text]) => {
      const paragraph = document.createElement("p");
      paragraph.className = "about";
      const name = document.createElement("b");
      name.textContent = `${what[0].toUpperCase()}${what.slice(1)}: `;
      paragraph.append(name, text);
      return paragraph;
    });
    const keys = document.createElement("p");
    keys.className = "about";
    KEYS.forEach(([key, what]) => {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      keys.append(cap, ` ${what} `, document.createElement("br"));
    });
    return fold("About and keys", [...paragraphs, keys]);
  }
}

function section(title: string, parts: HTMLElement[]): HTMLElement {
  const whole = document.createElement("section");
  const heading = document.createElement("h2");
  heading.textContent = title;
  whole.append(heading, ...parts);
  return whole;
}

function fold(title: string, parts: HTMLElement[]): HTMLElement {
  const whole = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = title;
  whole.append(summary, ...parts);
  return whole;
}

function chipRow(chips: HTMLElement[]): HTMLElement {
  const row = document.createElement("div");
  row.className = "chips";
  row.append(...chips);
  return row;
}

function button(label: string, action: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", action);
  return made;
}
