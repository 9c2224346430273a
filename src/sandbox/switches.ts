/**
 * Behaviour of Mailchimp that its documentation leaves open. Each switch is one open question about the real service. Its default is
 * the more likely answer or, when both are equally likely, the one that is harder for a caller. Code that works with every value of
 * every switch works with the real service, whatever the answer is.
 */
export interface SandboxSwitches {
  /** Does an archived member stay archived when only `status_if_new` is sent? */
  readonly archivedStaysArchived: boolean;
  /** Is an archived member that had opted out still in compliance state when `subscribed` is requested? */
  readonly archivedKeepsCompliance: boolean;
  /** Does a member that opted out or bounced accept new merge fields and tags through `status_if_new`? */
  readonly optedOutTakesUpdates: boolean;
  /** `transactional` requested for a member that opted out: keep the status, change it, or refuse the request. */
  readonly transactionalOnOptedOut: 'keep' | 'take' | 'refuse';
  /** Both wordings of a compliance refusal have been recorded: `X is in a …` and `X is already a list member in …`. */
  readonly complianceWording: 'isIn' | 'isAlreadyMember';
  /** How a value that is none of a list is refused: `Value must be one of: …`, or as years ago `Data presented is not one of the accepted values: …`. */
  readonly enumWording: 'mustBe' | 'acceptedValues';
  /** Are 204 replies of batch operations counted in `errored_operations`? */
  readonly noContentCountsAsErrored: boolean;
  /** The `response` of a batch operation that answered 204. */
  readonly noContentResponse: 'null' | '{}' | '';
  /** Do result archives contain a file of no bytes? */
  readonly emptyResultFile: boolean;
  /** Is a row that changed nothing listed in `updated_members`? */
  readonly unchangedRowInReply: boolean;
  /** Do members in replies to writes have `tags`? Members in replies to reads have them, by the documentation. */
  readonly tagsInReply: boolean;
  /** Which form of the address a reply echoes. */
  readonly addressEcho: 'stored' | 'sent' | 'lower';
  /** Is the address in `errors[]` of a batch subscribe wrapped in quotes? */
  readonly quotedErrorAddress: boolean;
  /** The same address twice in one batch subscribe without `skip_duplicate_check`. */
  readonly duplicateRows: 'error' | 'lastWins';
  /** `tags` of a PUT or POST of one member. */
  readonly tagsOnPut: 'applied' | 'newOnly' | 'ignored';
  /** `tags` of a batch subscribe row: newer than some descriptions of the API. */
  readonly tagsOnBatch: 'applied' | 'newOnly' | 'ignored';
  /** `status_if_new` of a batch subscribe row: newer than some descriptions of the API. Ignored: new contacts are subscribed. */
  readonly statusIfNewOnBatch: 'honoured' | 'ignored' | 'refused';
  /** An address that is not in the audience, in `members_to_add` or `members_to_remove`. */
  readonly segmentUnknownAddress: 'ignored' | 'error';
  /** A member without the tag, in `members_to_remove`. */
  readonly segmentRemoveUntagged: 'ignored' | 'removed' | 'error';
  /** Do archived members take part in segment calls? */
  readonly archivedInSegments: boolean;
  /** Does a page of members requested without `status` contain archived members? */
  readonly archivedInDefaultListing: boolean;
  /** Are `fields` and `exclude_fields` honoured on POST, PUT and PATCH? */
  readonly fieldsOnWrites: boolean;
  /** Is an unknown name in `fields` refused with 400? */
  readonly unknownFieldsRefused: boolean;
  /** Are role addresses (`info@` is not one, `postmaster@` is) refused by batch subscribe? */
  readonly roleAddressesRefused: boolean;
  /** Must a required merge field have a value when an existing member is updated? */
  readonly requiredCheckedOnUpdate: boolean;
  /** In which order a batch runs its operations. */
  readonly batchOrder: 'shuffled' | 'submitted';
  /** In which order `GET /batches` lists them. */
  readonly batchListOrder: 'newestFirst' | 'oldestFirst';
  /** Does one bad row of a batch subscribe (null, missing address) refuse the whole request? */
  readonly schemaErrorsRefuseRequest: boolean;
  /** Maximum length of a tag name, in characters. */
  readonly tagNameMax: number;
  /** Contacts that the plan allows (subscribed, unsubscribed, transactional); 0 = no limit. The refusal's text is invented. */
  readonly contactLimit: number;
  /** Maximum number of operations of one batch; 0 = no limit. The refusal's text is invented. */
  readonly batchOperationsMax: number;
  /** Role of the key's user, as `GET /` shows it. */
  readonly role: string;
  /** 80 merge fields per audience instead of 30. */
  readonly premium: boolean;
  /** All keys and tokens are refused, as after a revocation. */
  readonly keysRevoked: boolean;
  /** Keys and tokens that are refused while others work, separated by commas. */
  readonly revokedKeys: string;
  /** The account is deactivated: 403 on everything. */
  readonly accountDisabled: boolean;
  /** Tokens of sign-ins are refused, as when the user has removed the app. Keys work. */
  readonly tokensRevoked: boolean;
  /** What the user of a sign-in does: agree or refuse at once, or choose on a page. */
  readonly signInAnswer: 'approve' | 'deny' | 'page';
  /** Client secret of the registered app; empty: any. */
  readonly appSecret: string;
  /** Redirect URI of the registered app, to the letter; empty: any, but of localhost. */
  readonly appRedirectUri: string;
  /** How long the code of a sign-in can be exchanged, in seconds. */
  readonly signInCodeSeconds: number;
}

/** The switches of a sandbox that sets none. */
export const DEFAULT_SWITCHES: SandboxSwitches = {
  archivedStaysArchived: false,
  archivedKeepsCompliance: false,
  optedOutTakesUpdates: true,
  transactionalOnOptedOut: 'keep',
  complianceWording: 'isIn',
  enumWording: 'mustBe',
  noContentCountsAsErrored: false,
  noContentResponse: 'null',
  emptyResultFile: true,
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
  revokedKeys: '',
  accountDisabled: false,
  tokensRevoked: false,
  signInAnswer: 'approve',
  appSecret: '',
  appRedirectUri: '',
  signInCodeSeconds: 60,
};
