// Motion that `incarnate view --source` hands on: server-sent events (docs/live.md).

import type { FollowedPose, Follower, Phase } from "./following";

interface Names {
  expressions: string[];
  joints: string[];
}

interface State {
  phase: Phase;
  text: string;
}

/** Numbers in the order of the names. */
interface Sent {
  /** Milliseconds since the motion arrived at the server. */
  age: number;
  /** By the server's steady clock, milliseconds. */
  sent: number;
  expression: number[];
  /** [J][4], xyzw. */
  rotations: number[];
  translation: [number, number, number];
}

const ADDRESS = "live";

/** What whoever served the page says it bridges; undefined elsewhere. */
export function bridgedSource(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name="live"]')?.content || undefined;
}

export class Bridge implements Follower {
  private stream: EventSource | undefined;

  constructor(readonly name: string) {}

  async start(
    _avatar: unknown,
    onPose: (pose: FollowedPose) => void,
    onState: (phase: Phase, text: string) => void,
  ): Promise<void> {
    const stream = (this.stream = new EventSource(new URL(ADDRESS, location.href)));
    const waits = new Waits();
    let names: Names = { expressions: [], joints: [] };
    const on = <T>(kind: string, take: (data: T) => void): void =>
      stream.addEventListener(kind, (event) => take(JSON.parse((event as MessageEvent<string>).data) as T));
    on<Names>("names", (data) => (names = data));
    on<State>("state", ({ phase, text }) => onState(phase, text));
    on<Sent>("pose", (data) => onPose(named(names, data, data.age + waits.since(data.sent))));
    stream.addEventListener("error", () => {
      const isOver = stream.readyState === EventSource.CLOSED;
      if (isOver) onState("failed", "The server lets no further page follow, or is gone. Close another page, or load this one again.");
      else onState("lost", "The server does not answer; trying again …");
    });
  }

  stop(): void {
    this.stream?.close();
    this.stream = undefined;
  }
}

/** How long messages waited on their way, beyond the one that waited least: the clocks of page and server differ. */
class Waits {
  private least = Infinity;

  since(sent: number): number {
    const way = performance.now() - sent;
    this.least = Math.min(this.least, way);
    return way - this.least;
  }
}

function named(names: Names, data: Sent, age: number): FollowedPose {
  return {
    expression: Object.fromEntries(names.expressions.map((name, i) => [name, data.expression[i]])),
    rotations: Object.fromEntries(
      names.joints.map((name, i) => [name, data.rotations.slice(4 * i, 4 * i + 4) as [number, number, number, number]]),
    ),
    translation: data.translation,
    age,
  };
}
