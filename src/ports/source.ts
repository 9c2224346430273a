import type { UnmatchedRows } from '../contract/plan';
import type { ExportError } from '../errors';

/**
 * Where profiles and segments come from. `segmentSourceContract` of `temporal-mailchimp/testing` tests the rules below.
 *
 * Each call reads the source again, and several calls may run at once. Errors that an operator can fix are ExportErrors; the step
 * is not retried after them. Any other error counts as transient, and the step is retried with an empty folder. No text of an error
 * contains a value of a profile: it stays in Temporal's history.
 *
 * A call whose `signal` is aborted, also before it begins, rejects soon, with any error.
 */
export interface SegmentSource {
  /** Attribute names in the source's own order, with its segments. Reads no rows beyond headers. */
  describe(call?: Cancellable): Promise<SourceDescription>;
  /** Reads everything once and counts: what `source check` shows. */
  check(call?: Cancellable): Promise<SourceCheck>;
  /**
   * Copies the members of the named segments into `into`, a folder of the caller's in which an earlier attempt may have left files.
   *
   * Writes `profiles.parquet`, one row per profile that is in at least one segment: `key` VARCHAR not null and unique; `segments`
   * VARCHAR, a 1 or 0 for each of `segments`, whether the profile is in it; then `a0`, `a1`, … VARCHAR, in the order of
   * `attributes`. Values are the source's text, untouched; an empty value is null.
   *
   * Blanks at both ends of keys, and of values that name a segment, do not matter: they are compared, and written, without them.
   *
   * May write `unmatched.parquet` too: a row for each segment and key, of the membership rows that `unmatched` counts as `keys`: `segment`
   * INTEGER, the position in `segments`, from 0; `key` VARCHAR, null if it is blank; `rows` BIGINT, how many rows have it; `is_near`
   * BOOLEAN not null, whether a profile's key differs from it only in leading zeros, a fraction of zeros (`12.0`) or capital letters. With it,
   * the guard MEMBERS_UNMATCHED takes rows for new only if their key was never known, or is near; without it, all rows that are more than
   * before, so that a deleted profile whose rows remain holds the export.
   *
   * All rows are of one state of the source: profiles and memberships that are read at different times would untag contacts.
   *
   * @throws ExportError ATTRIBUTE_NOT_FOUND, SEGMENT_NOT_FOUND, SOURCE_UNREADABLE, SOURCE_MALFORMED,
   * SOURCE_KEY_NOT_UNIQUE, SEGMENT_SQL_INVALID, CONFIG_INVALID
   */
  extract(request: ExtractRequest): Promise<SourceExtract>;
  /**
   * A short text, at most 200 characters, of which an equal one means that `extract` gives the same rows of these segments: hours or months
   * later, and in another process. Reads no rows, and takes seconds at most. Undefined, or a source without this method: not known, so that
   * an export of the source is never left out. So is an error, which the export itself then meets.
   */
  version?(request: VersionRequest): Promise<string | undefined>;
}

/** What is wrong with one part of a source. */
export interface SourceProblem {
  /** The part as the configuration names it: `profiles`, `segments.vip`; '' for the source as a whole. */
  readonly at: string;
  readonly error: ExportError;
}

/** A source that one step has opened for itself. */
export interface OpenSource extends SegmentSource {
  /** Everything that is wrong with the source, as far as it shows without running a segment: files, columns, SQL. */
  findProblems(call?: Cancellable): Promise<readonly SourceProblem[]>;
  /**
   * The identity under which this process reads the source, in words: `OS user ada`, `role crm_reader`. Reads no rows. Without this method: not known.
   * @throws ExportError where the source cannot be opened
   */
  identity?(call?: Cancellable): Promise<string>;
  /** Releases what the source holds, such as connections, and stops what still runs. Repeated, it does nothing. */
  close(): Promise<void>;
}

/** A call that its caller may end. */
export interface Cancellable {
  /** Aborted when the step is cancelled or its worker shuts down. */
  readonly signal?: AbortSignal | undefined;
}

/** What to copy, and where to. */
export interface ExtractRequest extends Cancellable {
  readonly attributes: readonly string[];
  /** Ids of segments. */
  readonly segments: readonly string[];
  /** Path of a folder. */
  readonly into: string;
}

/** What a version is asked of. */
export interface VersionRequest extends Cancellable {
  /** Ids of segments. */
  readonly segments: readonly string[];
}

/** A segment of a source. */
export interface SegmentInfo {
  readonly id: string;
  /** Display name; the default tag name. */
  readonly name: string;
  /** Changes when the segment's definition (SQL or membership file reference) changes. */
  readonly digest: string;
}

/** What a source has, without its rows. */
export interface SourceDescription {
  readonly attributes: readonly string[];
  readonly segments: readonly SegmentInfo[];
}

/** Lines of one file that cannot be read. They stop an export before anything is sent. */
export interface UnreadableLines {
  /** File name without its folder. */
  readonly file: string;
  readonly lines: number;
  /** The first few line numbers with the kind of fault, e.g. `MISSING COLUMNS`. Never the text of a line. */
  readonly first: readonly { readonly line: number; readonly fault: string }[];
}

/** Counts of a source as a whole. */
export interface SourceCheck extends SourceDescription {
  readonly profiles: number;
  readonly members: readonly {
    readonly segment: string;
    readonly profiles: number;
    readonly unmatched: UnmatchedRows;
  }[];
  readonly unreadable: readonly UnreadableLines[];
}

/** Counts of what was extracted. */
export interface SourceExtract {
  /** Profiles in the source as a whole. */
  readonly profiles: number;
  /** Distinct profiles in at least one of the segments: rows of `profiles.parquet`. */
  readonly selected: number;
  /** Profiles in each segment, in the order of the request. */
  readonly members: readonly number[];
  /** Membership rows of each segment that are dropped, in the order of the request. */
  readonly unmatched: readonly UnmatchedRows[];
  readonly unreadable: readonly UnreadableLines[];
}
