/** A profile in the source. Addresses and values are clean; what stands in the source is made dirty from them. */
export interface Profile {
  readonly key: string;
  readonly address: string;
  /** What stands in the source for the address. */
  readonly text: string;
  /** The rule that `text` breaks on purpose. */
  readonly rule: string | null;
  /** By merge tag, as it is to arrive; undefined: what the source has does not fit the field. */
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly segments: readonly string[];
}

export interface Member {
  status: string;
  readonly fields: Record<string, string>;
  readonly tags: Set<string>;
  /** Opted out themself, or bounced. */
  isLocked: boolean;
}

/** What is known of an address. */
export interface Held {
  /** Of the profiles that have it, the winner's first. */
  keys: readonly string[];
  /** As last seen in a reply. */
  status: string | null;
  tags: ReadonlySet<string>;
  filled: Readonly<Record<string, string>>;
  state: 'proven' | 'exposed' | null;
  isMember: boolean;
  isPresent: boolean;
  /** An export has added the member, and it has not opted out since. */
  isCreated: boolean;
  /** An export has archived the member, and it has been in the archive since. */
  isOurs: boolean;
  refusal: {
    readonly payload: string;
    readonly outcome: string;
    readonly times: number;
    readonly until: number;
    readonly at: number;
    /** This export sends it again. */
    readonly isRetried: boolean;
  } | null;
}

export interface World {
  now: number;
  readonly statusIfNew: string;
  readonly required: readonly string[];
  /** Whether every removal is held, not only that of a whole segment. */
  readonly holdsRemovals: boolean;
  /** Answers to open questions about Mailchimp that change what an export comes to. */
  readonly switches: {
    readonly optedOutTakesUpdates: boolean;
    readonly roleAddressesRefused: boolean;
    readonly unchangedRowInReply: boolean;
    readonly archivedStaysArchived: boolean;
  };
  readonly profiles: Map<string, Profile>;
  readonly members: Map<string, Member>;
  readonly forgotten: Set<string>;
  readonly throttledUntil: Map<string, number>;
  /** Merge tags, tags by segment, and what becomes of people who leave all segments. */
  config: {
    readonly fields: readonly string[];
    readonly segments: Readonly<Record<string, string>>;
    readonly leavers: 'untag' | 'archive' | 'keep';
  };
  /** Foreign tags, by the address of each member at that time. */
  census: ReadonlyMap<string, { readonly status: string; readonly tags: ReadonlySet<string> }> | null;
  /** The census is this export's own. */
  readonly isFresh?: boolean;
  readonly held: Map<string, Held>;
  heldFields: readonly string[];
  /** Tags that were there when the destination was configured, or are there by its exports. */
  readonly made: Set<string>;
  /** Those of them that were there when their segment was chosen: who carries them is read until an export has completed. */
  readonly adopted: Set<string>;
  /** Exports that were settled since the destination was connected, the first one first. */
  readonly history: Ended[];
  /** An export was taken back, and none has completed since. */
  isUndone: boolean;
  /** Contacts that the next export sends again, since a verification has found them to differ. */
  readonly repairs: Set<string>;
  /** By list: `kind address`. */
  readonly suppressed: Readonly<Record<SuppressionList, Set<string>>>;
}

/** How an entry of a suppression list names a person. */
export type EntryKind = 'address' | 'sha256' | 'md5';

/** `store`: people who were forgotten, and are kept out. */
export type SuppressionList = 'destination' | 'account' | 'store';

/** A person is forgotten. */
export interface ForgetOrder {
  readonly person: number;
  readonly by: 'address' | 'key';
  readonly mailchimp: 'keep' | 'untag' | 'delete';
  readonly keepOut: boolean;
}

/** What the store has of an export that has ended. */
export interface Ended {
  readonly number: number;
  /** Number of the export that it takes back. */
  readonly undoes: number | null;
  /** Of the source, by key. */
  readonly profiles: Map<string, Profile>;
  readonly config: World['config'];
  /** The profiles that it selected, by address. */
  readonly people: Map<string, Profile>;
  /** It had something to send. */
  readonly hasPlan: boolean;
  /** Something may have reached Mailchimp. */
  readonly hasArrived: boolean;
  /** Contacts that it was to change: whether it was to send them, and as new ones. */
  readonly touched: Map<string, { readonly isSent: boolean; readonly wasNew: boolean }>;
  readonly outcomes: readonly string[];
  /** What was known of each address when it had ended. */
  readonly after: Map<string, Held>;
  /** The audience when it began and when it had ended, as text. */
  readonly audience: { readonly began: Audience; readonly ended: Audience };
}

/** By address. */
export type Audience = Readonly<Record<string, string>>;

export interface Asked {
  readonly allowMassRemoval: boolean;
  /** The decision about a held export. */
  readonly answer: 'approved' | 'denied' | 'expired';
  readonly census: boolean;
  readonly retryRefused: boolean;
  readonly limit?: number;
  readonly isCancelled: boolean;
  /** All contacts leave, and the destination is removed. */
  readonly removal?: 'untag' | 'archive';
  /** It takes an export back, so that contacts get what they had after the one before. */
  readonly takesBack?: { readonly undone: Ended; readonly before: Ended | undefined };
  /** It is not held after an export was taken back. */
  readonly allowAfterUndo?: boolean;
  /** Default: 0. */
  readonly number?: number;
  /** `not_sent` or `unproven` for an upsert, the untagging of one tag, or `ARCHIVING`, that was not answered; null: it was answered. */
  readonly unanswered: (address: string, tag?: string) => string | null;
}

/** What an export reports. */
export interface ExportResult {
  /** Or the code of what made it fail. */
  readonly status: string;
  /** `key, text of the address: outcome`, sorted. */
  readonly subjects: readonly string[];
  readonly memberStatuses: Readonly<Record<string, number>>;
  /** By tag; tags without any are left out. */
  readonly pairs: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** An address that may need a change. */
export interface Subject {
  readonly address: string;
  readonly profile: Profile | null;
  /** Of all profiles that have the address. */
  readonly keys: readonly string[];
  readonly wants: ReadonlySet<string>;
  /** Tags of its profiles that are invalid by a field. */
  readonly spared: ReadonlySet<string>;
  /** One of these profiles had another address before, whose member opted out. */
  readonly isObjecting: boolean;
  /** On a suppression list. */
  readonly isSuppressed: boolean;
  /** A profile has the address, and is invalid by a field. */
  readonly isInvalid: boolean;
}

/** What one address needs. */
export interface Change extends Subject {
  readonly was: Held;
  readonly isKnown: boolean;
  /** An earlier attempt may have added them. */
  readonly isUncertain: boolean;
  readonly values: Readonly<Record<string, string>>;
  readonly payload: string;
  /** Tags that are there because of us once this is through. */
  readonly ours: ReadonlySet<string>;
  gains: ReadonlySet<string>;
  loses: ReadonlySet<string>;
  decided: string | null;
  isSent: boolean;
  isArchived: boolean;
  /** Why it was to be archived, and is not. */
  notArchived: string | null;
  /** Of an undo: it is left as it is. */
  readonly isLeft?: boolean;
  /** Of an undo: an export before has added the member. */
  readonly wasCreated?: boolean;
}

/** What became of an upsert, where there was one, and of each tag to take off. */
export interface Results {
  readonly sent: string | null;
  readonly off: readonly (readonly [tag: string, result: string])[];
  /** `archived`, why it was not, or that it was not answered; null: it was not to be. */
  readonly archived: string | null;
  /** It was no member before it was sent. */
  readonly isNew: boolean;
}

/** In place of a tag: the request that archives. */
export const ARCHIVING = '(archive)';

export type Counts = {
  readonly memberStatuses: Record<string, number>;
  readonly pairs: Record<string, Record<string, number>>;
};

export type Counted = Results & { readonly status: string };
export type People = Map<
  string,
  { readonly profile: Profile; readonly wants: Set<string>; readonly keys: string[] }
>;

export interface Selection {
  readonly people: People;
  /** By address, the tags of profiles that are invalid by a field. */
  readonly spared: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Nothing is known of an address. */
export const NEW: Held = {
  keys: [],
  status: null,
  tags: new Set(),
  filled: {},
  state: null,
  isMember: false,
  isPresent: false,
  isCreated: false,
  isOurs: false,
  refusal: null,
};
