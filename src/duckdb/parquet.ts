/** Small enough that reading a few rows decodes little, large enough that the file's index stays small. */
const ROWS_OF_GROUP = 10_240;
/** A reader unpacks the columns of a group at once, and a writer collects them: with wide rows a group must have fewer. */
const BYTES_OF_GROUP = '16MB';

/** SQL: options of `COPY` for a Parquet file whose rows may have any width. */
export const COMPACT_ROWS = parquetOptions('zstd');
export const FAST_ROWS = parquetOptions('snappy');

function parquetOptions(compression: 'zstd' | 'snappy'): string {
  return `FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE ${ROWS_OF_GROUP}, ROW_GROUP_SIZE_BYTES '${BYTES_OF_GROUP}'`;
}
