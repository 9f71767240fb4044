/** What to do when the server ends unasked. Knows nothing of VS Code; times are milliseconds. */

/** Starts in a row that never became ready, after which it is not tried again. */
export const MOST_FAILED_STARTS = 3;
/** Lives in a row that ended within `SHORT_LIFE_MS` of becoming ready, after which it is not tried again. */
export const MOST_SHORT_LIVES = 20;
export const SHORT_LIFE_MS = 5_000;

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

export type Decision = { restart: true; pauseMs: number } | { restart: false };

/**
 * Counts how the server ended.
 *
 * A server that was ready is started again, however often it ends: at once after a life that was not short, and with
 * growing pauses otherwise. A server that ends before it is ready would do so again, so that is tried a few times only.
 */
export class CrashPolicy {
  private failedStarts = 0;
  private shortLives = 0;

  /** The server ended `livedMs` after it became ready; undefined if it never did. */
  ended(livedMs: number | undefined): Decision {
    if (livedMs === undefined) {
      this.failedStarts += 1;
    } else {
      this.failedStarts = 0;
      this.shortLives = livedMs < SHORT_LIFE_MS ? this.shortLives + 1 : 0;
    }
    if (this.failedStarts >= MOST_FAILED_STARTS || this.shortLives > MOST_SHORT_LIVES) {
      return { restart: false };
    }
    const troubles = this.failedStarts + this.shortLives;
    const pauseMs = troubles === 0 ? 0 : Math.min(FIRST_PAUSE_MS * 2 ** (troubles - 1), LONGEST_PAUSE_MS);
    return { restart: true, pauseMs };
  }

  /** A person asked for a new start: what was before does not count. */
  reset(): void {
    this.failedStarts = 0;
    this.shortLives = 0;
  }
}
