// Source maps with one position for each line: a stack trace names the line, and maps of every word are a tenth of the package.
const { decode, encode } = require('@jridgewell/sourcemap-codec');

/** @param {string} mappings of a source map @returns {string} */
function byLine(mappings) {
  return encode(decode(mappings).map(([first]) => (first ? [first] : [])));
}

module.exports = { byLine };
