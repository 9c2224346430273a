/**
 * A set of objects that are created once and never changed: what staging needs of a folder or an object store. It knows nothing of
 * plans, parts, claims and baselines: `Staging` builds on it.
 *
 * A key is names joined by `/`; a name consists of letters, digits, `_`, `-` and `.`, and does not start with a dot. A folder is a key
 * that ends with `/`. Callers check names that come from outside.
 *
 * Rules for every implementation; `stagingStoreContract` of `temporal-mailchimp/testing` tests them:
 * - An object exists as a whole or not at all, also when the process dies during `put`.
 * - Two processes that put the same key at once: one creates it, the other gets `false`, and its content is dropped.
 * - What `put` has returned for survives a power failure, and every later call of any process sees it.
 * - Reading (`get`, `head`, `list`, `localFile`) writes nothing into the store; neither does opening it.
 * - Any call may be repeated.
 * - A full disk or quota is ExportError DISK_FULL. Any other error counts as STAGING_FAILED: the step is retried, for as long as it
 *   takes. The text of an error never quotes content: it stays in Temporal's history.
 */
export interface StagingStore {
  /** What it is, in a word, e.g. `folder`. Kept in `store.json`, for information. */
  readonly kind: string;
  /**
   * The local working folder. Everything that DuckDB reads or writes for this store lies below it: files in progress, which staging
   * writes into its subfolder `scratch`, and what `localFile` names. It need not exist before something is written.
   */
  readonly workFolder: string;
  /**
   * Whether a server keeps it, such as an object store: then what it does not find is absent, and each question has a price. Of any other
   * store, `store.json` is looked for whenever something is absent, since the disk of a folder can be away for a moment.
   */
  readonly isServed?: true;
  /**
   * Called when a worker opens the store, before anything is written: tries what a server or its settings can break.
   * @throws ExportError STAGING_STORE_UNSAFE where the store would not keep the rules above
   */
  requireSafe?(): Promise<void>;
  /**
   * Called when the disk of the working folder is full: deletes local copies that no step reads.
   * @returns whether there were any, so that what failed may be tried again
   */
  makeRoom?(): Promise<boolean>;
  /** Releases connections. Repeated, it does nothing. */
  close?(): void;
  /**
   * Creates an object, unless the key is taken. A text is encoded as UTF-8. A file is a finished local one below `workFolder`; it is the
   * store's from now on: it is gone when this returns, whether it was stored or not.
   *
   * @returns whether this call has created the object; `true` to one caller at most. `false` may also mean that an earlier try of the same
   * call did and its answer was lost; callers compare what is stored with what they have.
   */
  put(key: string, content: string | { readonly file: string }): Promise<boolean>;
  /** The text of an object; undefined where there is none. For documents that fit into memory. */
  get(key: string): Promise<string | undefined>;
  /** Undefined where there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Names directly below a folder, sorted; those of folders with objects in them end with `/`. Empty where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Deletes an object, if there is one. */
  delete(key: string): Promise<void>;
  /**
   * Path of a local file below `workFolder` with the content of an object; undefined where there is none. For reading only. A store that
   * is a folder answers the object's own path; another one fetches the object, and may delete the copy when nothing has asked for it
   * for a day.
   */
  localFile(key: string): Promise<string | undefined>;
}

/** Size and age of an object, and its hash, where the store knows it. */
export interface ObjectInfo {
  /** In bytes. */
  readonly size: number;
  /** When it was created, in milliseconds since 1970. */
  readonly createdMs: number;
  /** SHA-256 of the content, in hexadecimal digits. Undefined: only reading the object tells it. */
  readonly sha256?: string;
}
