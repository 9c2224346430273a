/** Columns that are probably meant, from the names in a file. */
export interface Proposal {
  readonly key: string | undefined;
  readonly email: string | undefined;
  /** Merge field tag: column. */
  readonly fields: Readonly<Record<string, string>>;
}

const KEY =
  /^(?:customer|contact|client|user|profile|person|member|account|kunden?)?[ _-]*(?:id|key|nr|no|number|nummer|uuid)$/i;
const EMAIL = /e[ _-]?mail/i;
const FIRST_NAME = /^(?:first|given|fore|vor|pre)[ _-]?name|^fname$|^pr[ée]nom|^vorname/i;
const LAST_NAME = /^(?:last|family|sur|nach)[ _-]?name|^lname$|^nom$|^apellido/i;

/** Of the columns of Customer Insights in Dataverse. */
const PREFIX = /^msdynci_/;

export function propose(columns: readonly string[]): Proposal {
  const find = (pattern: RegExp) => columns.find((name) => pattern.test(name.replace(PREFIX, '')));
  const [first, last] = [find(FIRST_NAME), find(LAST_NAME)];
  return {
    key: find(KEY),
    email: find(EMAIL),
    fields: {
      ...(first !== undefined && { FNAME: first }),
      ...(last !== undefined && { LNAME: last }),
    },
  };
}
