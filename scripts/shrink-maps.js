// Usage: node scripts/shrink-maps.js, after tsc. Shortens the source maps of dist.
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { byLine } = require('./line-maps');

const DIST = path.resolve(__dirname, '../dist');

for (const name of readdirSync(DIST, { recursive: true })) {
  if (!name.endsWith('.js.map')) continue;
  const file = path.join(DIST, name);
  const map = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...map, names: [], mappings: byLine(map.mappings) }));
}
