// The One-Euro filter (Casiez, Roussel, Vogel, CHI 2012), as incarnate.tracking.smoothing has it.

export interface OneEuroSettings {
  /** Hz at rest; lower is calmer. */
  minCutoff: number;
  /** Hz per (unit a second): higher lags less. */
  beta: number;
  /** Hz, of the estimate of speed. */
  speedCutoff: number;
}

/** Calm at rest, quick in motion; each number of a row is filtered by itself. */
export class OneEuro {
  private time = -Infinity;
  private value: Float64Array | undefined;
  private speed = new Float64Array();

  constructor(private readonly settings: OneEuroSettings) {}

  /** The filtered row at a time in seconds; times rise from call to call. */
  filter(row: Float64Array, time: number): Float64Array {
    const step = time - this.time;
    const old = this.value;
    this.time = time;
    if (!old) {
      this.speed = new Float64Array(row.length);
      return (this.value = row.slice());
    }
    const { minCutoff, beta, speedCutoff } = this.settings;
    this.value = row.map((value, i) => {
      this.speed[i] += gain(speedCutoff, step) * ((value - old[i]) / step - this.speed[i]);
      return old[i] + gain(minCutoff + beta * Math.abs(this.speed[i]), step) * (value - old[i]);
    });
    return this.value;
  }
}

/** Weight of the new sample of a first-order low-pass. */
function gain(cutoff: number, step: number): number {
  return 1 / (1 + 1 / (2 * Math.PI * cutoff * step));
}
