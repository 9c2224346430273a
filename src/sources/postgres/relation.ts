import { quoteName } from '../../duckdb/quote';

/** A table, a view or a SELECT of the configuration, of which one is set. */
export interface RelationConfig {
  readonly table?: string | undefined;
  readonly sql?: string | undefined;
}

/** What rows are read from. */
export interface Relation {
  /** As the configuration names it: `profiles`, `segments.vip`. */
  readonly at: string;
  /** For messages: `profiles`, `members of vip`. */
  readonly what: string;
  /** As the configuration writes it; undefined for SQL. */
  readonly table?: string;
  /** The segment whose own SQL it is. */
  readonly segment?: string;
  /** Whether it is `versionSql`. */
  readonly isVersion?: boolean;
  /** What comes after FROM. */
  readonly from: string;
}

export function relationOf(
  { table, sql }: RelationConfig,
  named: Pick<Relation, 'at' | 'what' | 'segment' | 'isVersion'>,
): Relation {
  return table === undefined
    ? { ...named, from: asSubquery(sql ?? '') }
    : { ...named, table, from: quoteTable(table) };
}

/** On lines of its own, so that a comment at its end does not hide what follows. A semicolon there would end our statement. */
function asSubquery(sql: string): string {
  return `(\n${sql.replace(/[\s;]+$/, '')}\n)`;
}

/** Folded and quoted as PostgreSQL reads a name: so that a word of SQL, such as user, is a name too. */
function quoteTable(table: string): string {
  const parts = table.match(/"(?:[^"]|"")+"|[^".]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') ? part : quoteName(part.toLowerCase()))).join('.');
}
