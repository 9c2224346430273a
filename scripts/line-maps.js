// Source maps with one position for each line: a stack trace names the line, and maps of every word are a tenth of the package.
const { decode, encode } = require('@jridgewell/sourcemap-codec');

/**
 * @param {string} mappings of a source map
 * @param {readonly number[]} [places] the new index of each source; below zero: its lines get no position
 * @returns {string}
 */
function byLine(mappings, places) {
  const lines = decode(mappings).map(([first]) => {
    if (!first) return [];
    const [, source, line, column] = first;
    const place = places ? places[source] : source;
    return place < 0 ? [] : [[0, place, line, column]];
  });
  return encode(lines);
}

module.exports = { byLine };
