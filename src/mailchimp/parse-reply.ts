const LINKS = Buffer.from(',"_links":[');
const END = ']';

/**
 * Parses a reply without the links of its members, which nothing reads. They are two thirds of a reply, and parsing them would be most of a
 * worker's time.
 *
 * @throws SyntaxError unless it is JSON
 */
export function parseReply(json: Buffer): unknown {
  const short = withoutLinks(json);
  try {
    return JSON.parse(short.toString('utf8'));
  } catch (error) {
    // A link with a bracket in it was cut in two.
    if (short !== json) return JSON.parse(json.toString('utf8'));
    throw error;
  }
}

/** Inside a text of JSON, `"` has a backslash before it: so this begins at a key. */
function withoutLinks(json: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = json.indexOf(LINKS); at >= 0; at = json.indexOf(LINKS, from)) {
    const end = json.indexOf(END, at);
    if (end < 0) break;
    kept.push(json.subarray(from, at));
    from = end + END.length;
  }
  return from === 0 ? json : Buffer.concat([...kept, json.subarray(from)]);
}
