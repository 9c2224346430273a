import type { Config } from '../../config/config';
import type { StatusIfNew } from '../../contract/outcome';
import type { MergeField } from '../../contract/merge-field';
import type { NewMergeField } from '../../contract/new-merge-field';
import type { DestinationView } from '../../contract/destination-view';
import type { AudienceInfo, MailchimpAccount } from '../../ports/mailchimp';
import type { ReadSource } from '../../plugin/open-to-read';
import type { SegmentCounts } from '../../sources/count-segments';
import type { Invocation } from '../shell/invocation';
import type { Prompts } from '../shell/prompts';

export interface SetupOptions {
  readonly displayName?: string;
  readonly agree?: boolean;
  readonly as?: string;
  readonly source?: string;
  readonly account?: string;
  readonly apiKey?: string;
  readonly audience?: string;
  readonly statusIfNew?: StatusIfNew;
  readonly consentProof?: string;
  readonly exportUser?: string;
  readonly email?: string;
  readonly field?: readonly string[];
  readonly createField?: readonly string[];
  readonly segment?: readonly string[];
  readonly adoptTags?: boolean;
  readonly fileOnly?: boolean;
  readonly yes?: boolean;
  readonly plan: boolean;
  readonly export?: boolean;
}

/** What one run of the guided setup works on. Nothing of it changes while the steps are answered. */
export interface Setup {
  readonly invocation: Invocation;
  readonly options: SetupOptions;
  /** Given on the command line. */
  readonly destinationId: string | undefined;
  readonly file: {
    readonly path: string;
    readonly baseFolder: string;
    readonly text: string;
    readonly config: Config;
  };
  /** As `dev` has them, where it runs: its sandbox is in the place of each. */
  readonly accounts: Config['accounts'];
  readonly isDev: boolean;
  readonly steps: readonly Step[];
  /** Undefined: no terminal to ask on. */
  readonly prompts: Prompts | undefined;
  /** What the destination is now, at its worker. Undefined: it is none, or only the file is written. */
  readonly viewOf: (destinationId: string) => Promise<DestinationView | undefined>;
}

/** A key, by its reference. */
export interface Credential {
  readonly reference: string;
  /** A key that was typed, which the file of the reference gets at Save. Undefined: the reference can be read. */
  readonly typed?: string;
}

/** The answers so far. A step that is asked again proposes them. */
export interface Draft {
  readonly destinationId?: string;
  readonly name?: string;
  readonly source?: string;
  readonly read?: ReadSource;
  readonly agreedBy?: string;
  readonly account?: string;
  readonly credential?: Credential;
  readonly audienceId?: string;
  readonly mailchimp?: MailchimpAccount;
  readonly accountName?: string;
  readonly audience?: AudienceInfo;
  readonly mergeFields?: readonly MergeField[];
  readonly statusIfNew?: StatusIfNew;
  readonly consentProof?: string;
  readonly exportUser?: string;
  /** Segments that cannot be read: why, by their ids. */
  readonly unreadable?: Readonly<Record<string, string>>;
  readonly email?: string;
  /** By the tag of the merge field: attribute. Fields of the file that are no single attribute are not in it, and stay. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Tags of those fields of the file. */
  readonly keptFields?: readonly string[];
  readonly created?: readonly NewMergeField[];
  readonly counts?: SegmentCounts;
  /** By id: name of the tag. Null: the name of the segment. */
  readonly segments?: Readonly<Record<string, string | null>>;
  readonly adoptTags?: boolean;
}

/** One step, in the order and the words of the connector. */
export interface Step {
  readonly title: string;
  /** Flags without which it has no answer where there is no terminal. */
  readonly missing?: (setup: Setup) => readonly string[];
  /**
   * Takes its answers from flags, from prompts, from the file, and checks them. Writes nothing.
   * @throws ExportError for an answer that cannot be; WentBack, Interrupted
   */
  readonly answer: (setup: Setup, draft: Draft) => Promise<Draft>;
  /** What was answered, as names and values. */
  readonly summary: (draft: Draft) => readonly (readonly [string, string])[];
}

/** An answer of an earlier step. */
export function answered<Key extends keyof Draft>(draft: Draft, key: Key): NonNullable<Draft[Key]> {
  const value = draft[key];
  if (value === undefined) throw new Error(`The step that answers ${key} comes later.`);
  return value;
}

/** What the configuration file has of the destination. */
export function inFile(
  { file }: Setup,
  destinationId: string | undefined,
): Config['destinations'][string] | undefined {
  const { destinations } = file.config;
  return destinationId !== undefined && Object.hasOwn(destinations, destinationId)
    ? destinations[destinationId]
    : undefined;
}
