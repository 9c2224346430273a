/**
 * What nobody outside Mailchimp knows for sure. Each switch is one open question about the real service; its default is
 * the likelier answer, or, where both are as likely, the one that is harder on a caller. Code that is safe at both ends
 * of every switch is safe whichever way the question turns out.
 */
export interface SandboxSwitches {
  /** Does an archived member stay archived when only `status_if_new` is sent? */
  readonly archivedStaysArchived: boolean;
  /** Is an archived member who had opted out still in compliance when `subscribed` is asked for? */
  readonly archivedKeepsCompliance: boolean;
  /** Do a contact's own opt-out or a bounce accept new merge fields and tags through `status_if_new`? */
  readonly optedOutTakesUpdates: boolean;
  /** `transactional` asked for somebody who opted out: keep the status, take it, or refuse. */
  readonly transactionalOnOptedOut: 'keep' | 'take' | 'refuse';
  /** Both wordings of a compliance refusal have been recorded: `X is in a …` and `X is already a list member in …`. */
  readonly complianceWording: 'isIn' | 'isAlreadyMember';
  /** Are 204 replies of batch operations counted in `errored_operations`? */
  readonly noContentCountsAsErrored: boolean;
  /** What stands in `response` of a batch operation that answered 204. */
  readonly noContentResponse: '' | 'null' | '{}';
  /** Is a row that changed nothing listed in `updated_members`? */
  readonly unchangedRowInReply: boolean;
  /** Do members in replies to writes carry `tags`? Those that are read are documented to. */
  readonly tagsInReply: boolean;
  /** Which form of the address a reply echoes. */
  readonly addressEcho: 'stored' | 'sent' | 'lower';
  /** Is the address in `errors[]` of a batch subscribe wrapped in quotes? */
  readonly quotedErrorAddress: boolean;
  /** An address twice in one batch subscribe without `skip_duplicate_check`. */
  readonly duplicateRows: 'error' | 'lastWins';
  /** `tags` of a PUT or POST of one member. */
  readonly tagsOnPut: 'applied' | 'newOnly' | 'ignored';
  /** `tags` of a batch subscribe row: newer than some descriptions of the API. */
  readonly tagsOnBatch: 'applied' | 'newOnly' | 'ignored';
  /** `status_if_new` of a batch subscribe row: newer than some descriptions of the API. Ignored: who is new is subscribed. */
  readonly statusIfNewOnBatch: 'honoured' | 'ignored' | 'refused';
  /** An address that is not in the audience, in `members_to_add` or `members_to_remove`. */
  readonly segmentUnknownAddress: 'ignored' | 'error';
  /** A member without the tag, in `members_to_remove`. */
  readonly segmentRemoveUntagged: 'ignored' | 'removed' | 'error';
  /** Do archived members take part in segment calls? */
  readonly archivedInSegments: boolean;
  /** Does a page of members without `status` hold the archived ones? */
  readonly archivedInDefaultListing: boolean;
  /** Are `fields` and `exclude_fields` honoured on POST, PUT and PATCH? */
  readonly fieldsOnWrites: boolean;
  /** Is an unknown name in `fields` refused with 400? */
  readonly unknownFieldsRefused: boolean;
  /** Are role addresses (`info@` is not one, `postmaster@` is) refused by batch subscribe? */
  readonly roleAddressesRefused: boolean;
  /** Must a required merge field hold a value when an existing member is updated? */
  readonly requiredCheckedOnUpdate: boolean;
  /** In which order a batch runs its operations. */
  readonly batchOrder: 'shuffled' | 'submitted';
  /** In which order `GET /batches` lists them. */
  readonly batchListOrder: 'newestFirst' | 'oldestFirst';
  /** Does one bad row of a batch subscribe (null, missing address) refuse the whole request? */
  readonly schemaErrorsRefuseRequest: boolean;
  /** Longest tag name, in characters. */
  readonly tagNameMax: number;
  /** Contacts the plan allows (subscribed, unsubscribed, transactional); 0 = no limit. The refusal's text is invented. */
  readonly contactLimit: number;
  /** Most operations of one batch, 0 = no limit. The refusal's text is invented. */
  readonly batchOperationsMax: number;
  /** Role of the key's user, as `GET /` shows it. */
  readonly role: string;
  /** 80 merge fields an audience instead of 30. */
  readonly premium: boolean;
  /** All keys and tokens are refused, as after a revocation. */
  readonly keysRevoked: boolean;
  /** The account is deactivated: 403 on everything. */
  readonly accountDisabled: boolean;
}

export const DEFAULT_SWITCHES: SandboxSwitches = {
  archivedStaysArchived: false,
  archivedKeepsCompliance: false,
  optedOutTakesUpdates: true,
  transactionalOnOptedOut: 'keep',
  complianceWording: 'isIn',
  noContentCountsAsErrored: false,
  noContentResponse: '',
  unchangedRowInReply: true,
  tagsInReply: true,
  addressEcho: 'stored',
  quotedErrorAddress: false,
  duplicateRows: 'error',
  tagsOnPut: 'newOnly',
  tagsOnBatch: 'applied',
  statusIfNewOnBatch: 'honoured',
  segmentUnknownAddress: 'ignored',
  segmentRemoveUntagged: 'ignored',
  archivedInSegments: true,
  archivedInDefaultListing: false,
  fieldsOnWrites: false,
  unknownFieldsRefused: true,
  roleAddressesRefused: false,
  requiredCheckedOnUpdate: true,
  batchOrder: 'shuffled',
  batchListOrder: 'newestFirst',
  schemaErrorsRefuseRequest: true,
  tagNameMax: 100,
  contactLimit: 0,
  batchOperationsMax: 0,
  role: 'owner',
  premium: false,
  keysRevoked: false,
  accountDisabled: false,
};
