import { tmpdir } from 'node:os';
import { openDatabase } from '../../src/duckdb/open';
import { FakeDataverse } from '../../test/support/dataverse/fake-dataverse';
import { readCsv } from '../read-csv';

/** What this program answers its parent, when it serves. */
export interface Served {
  readonly url: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

type Row = Readonly<Record<string, string>>;

/** Serves generated profiles as Customer Insights has them: a process of its own, so that only the reader is measured. */
async function serve([profilesFile = '', membershipFile = '']: readonly string[]): Promise<void> {
  const database = await openDatabase({
    folder: tmpdir(),
    memoryLimit: '1GB',
    allow: [],
    files: [profilesFile, membershipFile],
  });
  // As texts, which take less memory than objects.
  const textsOf = async (select: string) => {
    const rows = await database.rows<{ row: string }>(`SELECT to_json(r)::VARCHAR AS row FROM (${select}) r`);
    return rows.map(({ row }) => row);
  };
  const people = await textsOf(`FROM ${readCsv(profilesFile)}`);
  const members = await textsOf(`
    SELECT CustomerId, to_json({Segments: list(Segment)})::VARCHAR AS Segments
    FROM ${readCsv(membershipFile)} GROUP BY CustomerId`);
  await database.close();
  const dataverse = await FakeDataverse.start();
  const put = (name: string, rows: readonly string[]) =>
    dataverse.put({
      name,
      columns: Object.keys(JSON.parse(rows[0]!) as Row),
      count: rows.length,
      row: (index) => JSON.parse(rows[index]!) as Row,
    });
  put('people', people);
  put('members', members);
  const served: Served = { url: dataverse.url, ...dataverse.credentials };
  process.send?.(served);
}

void serve(process.argv.slice(2));
