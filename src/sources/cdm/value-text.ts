/** SQL: a number in exponent form, as .NET writes large and small doubles, in digits. One that has no such form stays. */
function plainNumber(sql: string): string {
  const exact = `TRY_CAST(${sql} AS DECIMAL(38, 9))`;
  return String.raw`CASE WHEN regexp_full_match(${sql}, '[+-]?\d+(?:\.\d+)?[eE][+-]?\d+') AND ${exact}::DOUBLE = TRY_CAST(${sql} AS DOUBLE)
    THEN rtrim(rtrim(${exact}::VARCHAR, '0'), '.') ELSE ${sql} END`;
}

const TIME = String.raw`^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:(\.\d*[1-9])0*|\.0*)?(Z|[+-]\d{2}:\d{2})?$`;

/** SQL: a time in ISO 8601, without the zeros of its fraction. */
function isoTime(sql: string): string {
  return String.raw`regexp_replace(regexp_replace(${sql}, '${TIME}', '\1T\2\3\4'), '(T.*)[+-]00:00$', '\1Z')`;
}

/** SQL: a day without the midnight that some programs write with it. */
function isoDay(sql: string): string {
  return String.raw`regexp_replace(${sql}, '^(\d{4}-\d{2}-\d{2})[T ]00:00:00(?:\.0+)?(?:Z|[+-]00:00)?$', '\1')`;
}

/** SQL: a day or time as en-US writes it, in ISO 8601. Another text stays. */
function fromAmerican(sql: string, format: string): string {
  return `coalesce(strftime(TRY_STRPTIME(${sql}, ['%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y']), '${format}'), ${sql})`;
}

/**
 * SQL: a value of a type of the model, as an export uses it. Texts that are not of the form that the type has stay as they are.
 *
 * @param culture of the model. Of another one than en-US, days and numbers have forms that only `format` and `decimal` of a field can say.
 */
export function valueText(sql: string, type: string, culture: string | undefined): string {
  const isAmerican = culture?.toLowerCase() === 'en-us';
  switch (type) {
    case 'date':
      return isoDay(isAmerican ? fromAmerican(sql, '%Y-%m-%d') : sql);
    case 'datetime':
    case 'datetimeoffset':
      return isoTime(isAmerican ? fromAmerican(sql, '%Y-%m-%dT%H:%M:%S') : sql);
    case 'double':
    case 'decimal':
      return plainNumber(sql);
    default:
      return sql;
  }
}
