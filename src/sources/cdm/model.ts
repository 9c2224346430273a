/** What a `model.json` or a manifest says, in one form. */
export interface CdmModel {
  /** Tables that have their rows here. A reference to another model is none. */
  readonly tables: readonly CdmTable[];
  /** As .NET names it, such as `en-US`; undefined: numbers and times are in the invariant form. */
  readonly culture: string | undefined;
}

export interface CdmTable {
  readonly name: string;
  readonly displayName: string | undefined;
  /** In their order in the partitions. */
  readonly columns: readonly CdmColumn[];
  /** Where the model names one. */
  readonly primaryKey: string | undefined;
  /** Those with a file. */
  readonly partitions: readonly CdmPartition[];
  /** Why it cannot be read, as the end of a sentence about it. */
  readonly unreadable?: string;
}

export interface CdmColumn {
  readonly name: string;
  /** In small letters, such as `datetime`. */
  readonly type: string;
}

export interface CdmPartition {
  readonly location: string;
  readonly csv: CdmCsv;
}

/** How a partition is written. */
export interface CdmCsv {
  readonly header: boolean;
  readonly delimiter: string;
  readonly encoding: string;
  /** Why it cannot be read, as the end of a sentence about the partitions. */
  readonly unreadable?: string;
}

/** The files that say what there is. */
export interface Publication {
  readonly model: CdmModel;
  /** Folder of the model below the root; '' for the root itself. */
  readonly folder: string;
  /** All texts that the model was read from, to notice that it was published again. */
  readonly text: string;
}
