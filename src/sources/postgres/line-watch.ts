const QUOTE = 0x22;
const LINE_FEED = 0x0a;
/** Below what DuckDB takes by more than a piece of a stream is long. */
const LONG_BYTES = 7_000_000;

/** Whether rows of CSV may be longer than DuckDB takes, without looking at each of them. */
export class LineWatch {
  #mayBeLong = false;
  #sinceLineFeed = 0;

  /** @param bytes the next piece of a file */
  see(bytes: Buffer): void {
    const last = bytes.lastIndexOf(LINE_FEED);
    this.#sinceLineFeed = last < 0 ? this.#sinceLineFeed + bytes.length : bytes.length - last;
    // Between quotes a line break ends no row.
    if (this.#sinceLineFeed > LONG_BYTES || bytes.includes(QUOTE)) this.#mayBeLong = true;
  }

  get mayBeLong(): boolean {
    return this.#mayBeLong;
  }
}
