/** A source as the rest of the system sees it. One is opened for a step and closed after it. */
export interface SegmentSource {
  /** Attribute names in the source's own order, with its segments. Reads no rows beyond headers. */
  describe(): Promise<SourceDescription>;
  /** Reads everything once and counts: what `source check` shows. */
  check(): Promise<SourceCheck>;
  /**
   * Copies the members of the named segments into `into` (an empty folder that the caller owns).
   *
   * Writes `profiles.parquet`, one row a profile that is in at least one segment: `key` VARCHAR not null and unique; `segments`
   * VARCHAR, a 1 or 0 for each of `segments`, whether the profile is in it; then `a0`, `a1`, … VARCHAR, in the order of
   * `attributes`. Values are the source's text, untouched.
   *
   * @throws ExportError ATTRIBUTE_NOT_FOUND, SEGMENT_NOT_FOUND, SOURCE_UNREADABLE, SOURCE_MALFORMED,
   * SOURCE_KEY_NOT_UNIQUE, SEGMENT_SQL_INVALID
   */
  extract(request: ExtractRequest): Promise<SourceExtract>;
  close(): Promise<void>;
}

export interface ExtractRequest {
  readonly attributes: readonly string[];
  readonly segments: readonly string[];
  readonly into: string;
}

export interface SegmentInfo {
  readonly id: string;
  /** Text for people; the default tag name. */
  readonly name: string;
  /** Changes when the segment's definition (SQL or membership file reference) changes. */
  readonly digest: string;
}

export interface SourceDescription {
  readonly attributes: readonly string[];
  readonly segments: readonly SegmentInfo[];
}

export interface UnreadableLines {
  /** File name without its folder. */
  readonly file: string;
  readonly lines: number;
  /** The first few line numbers with the kind of fault, e.g. `MISSING COLUMNS`. Never the text of a line. */
  readonly first: readonly { readonly line: number; readonly fault: string }[];
}

export interface SourceCheck extends SourceDescription {
  readonly profiles: number;
  readonly members: readonly { readonly segment: string; readonly profiles: number }[];
  readonly unreadable: readonly UnreadableLines[];
}

export interface SourceExtract {
  readonly folder: string;
  /** Profiles in the source as a whole. */
  readonly profiles: number;
  /** Distinct profiles in at least one of the segments: rows of `profiles.parquet`. */
  readonly selected: number;
  /** Profiles in each segment, in the order of the request. */
  readonly members: readonly number[];
  /** Membership rows whose key is no profile; dropped. */
  readonly orphans: number;
  readonly unreadable: readonly UnreadableLines[];
}
