import type { TableConfig } from '../../config/sql-config';
import { cdmTables } from '../cdm/table-kind';
import { dataverseTables } from '../dataverse/table-kind';
import { filesTables } from '../files/table-kind';
import { postgresTables } from '../postgres/table-kind';
import type { TableKind } from './table-kind';

const TABLE_KINDS: {
  readonly [Kind in TableConfig['kind']]: TableKind<Extract<TableConfig, { kind: Kind }>>;
} = {
  files: filesTables,
  cdm: cdmTables,
  postgres: postgresTables,
  dataverse: dataverseTables,
};

export function tableKindOf({ kind }: TableConfig): TableKind<TableConfig> {
  return TABLE_KINDS[kind];
}
