// Usage: npm run build && node scripts/write-config-schema.js. Writes schema/temporal-mailchimp.schema.json from the built package.
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const prettier = require('prettier');
const { configJsonSchema } = require('../dist/config/config');

const FILE = path.resolve(__dirname, '../schema/temporal-mailchimp.schema.json');

async function main() {
  const style = await prettier.resolveConfig(FILE);
  const text = await prettier.format(JSON.stringify(configJsonSchema()), { ...style, parser: 'json' });
  writeFileSync(FILE, text);
}

void main();
