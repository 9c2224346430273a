/** What a reply asks for, as details of an error: seconds, or a date. */
export function retryAfterOf({ headers }: Pick<Response, 'headers'>): {
  readonly retryAfterSeconds?: number;
} {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return { retryAfterSeconds: Math.ceil(Number(text)) };
  const at = Date.parse(text);
  return Number.isNaN(at) ? {} : { retryAfterSeconds: Math.max(0, Math.ceil((at - Date.now()) / 1000)) };
}
