// Cerium. Licensed under the Apache License 2.0.
// Bundles the pages into four files with fixed names: `node build.mjs [FOLDER]` (default: dist/ beside this file).
// The servers embed the files. Needs the packages of "dependencies" only (`npm ci --omit=dev`).
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(here, 'dist'));
const limitBytes = 200_000; // of app.js and app.css, compressed

mkdirSync(out, { recursive: true });
await build({
  entryPoints: { app: join(here, 'src/main.tsx') },
  outdir: out,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2021',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'eof',
  logLevel: 'warning',
});
for (const file of ['index.html', 'favicon.svg']) copyFileSync(join(here, 'src', file), join(out, file));

const size = file => gzipSync(readFileSync(join(out, file)), { level: 9 }).length;
const total = size('app.js') + size('app.css');
console.log(`${out}: app.js ${size('app.js')} + app.css ${size('app.css')} = ${total} bytes compressed`);
if (total > limitBytes) {
  console.error(`The bundle is larger than ${limitBytes} bytes.`);
  process.exit(1);
}
