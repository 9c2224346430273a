import type { CdmTableConfig } from '../../config/sql-config';
import type { TableSpec } from '../files/open-tables';
import { canonical } from '../files/segments';
import { openFiles } from '../files/table-kind';
import { stateOfTables } from '../files/version';
import { osUser } from '../os-user';
import { withRoot } from '../root/roots';
import type { TableKind, WantedTable } from '../sql/table-kind';
import { readableTable } from './as-files';
import { republished } from './cdm-source';
import type { Publication } from './model';
import { readPublication } from './publication';
import { PublishedTables } from './published-tables';

/** Tables of a model: those of one reading are of one publication. */
export const cdmTables: TableKind<CdmTableConfig> = {
  placeOf: ({ root, storage = {}, model }) => canonical({ root, storage, model }),
  open: async (tables, place) => {
    const { config } = tables[0]!;
    const { opened, publication } = await withRoot(config, place, async (root) => {
      const { folder, columnsOnly, signal } = place;
      const published = await readPublication(root, config.model);
      const options = { root, folder, columnsOnly, signal, access: new PublishedTables(published) };
      return { publication: published, opened: await openFiles(specsOf(tables, published), options) };
    });
    return {
      ...opened,
      findChange: async () => {
        const now = await withRoot(config, place, (root) => readPublication(root, config.model));
        if (now.text !== publication.text) return { error: republished(), isWhole: true };
        return opened.findChange();
      },
    };
  },
  version: (tables, place) => {
    const { config } = tables[0]!;
    return withRoot(config, place, async (root) => {
      const publication = await readPublication(root, config.model);
      const access = new PublishedTables(publication);
      const files = await stateOfTables(specsOf(tables, publication), { root, access, signal: place.signal });
      // The times alone would not do: a file may be copied again, and columns may get other types.
      return `${files}\n${publication.text}`;
    });
  },
  identity: async () => osUser(),
};

function specsOf(tables: readonly WantedTable<CdmTableConfig>[], { model }: Publication): TableSpec[] {
  return tables.map(({ what, config, required }) => {
    const known = model.tables.find(({ name }) => name === config.table);
    return { id: what, what, required, table: readableTable(config.table, known, config.columnHeaders) };
  });
}
