// Cerium. Licensed under the Apache License 2.0.
// The tests that need no browser: bundles test/*_test.ts, and runs them together with test/*_test.mjs.
import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const files = suffix =>
  readdirSync(here)
    .filter(file => file.endsWith(suffix))
    .map(file => join(here, file));
const folder = mkdtempSync(join(tmpdir(), 'cerium-pages-'));
const sources = files('_test.ts');
await build({
  entryPoints: sources,
  outdir: folder,
  bundle: true,
  platform: 'node',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  logLevel: 'warning',
});
const bundled = sources.map(source => join(folder, basename(source, '.ts') + '.mjs'));
const { status } = spawnSync(process.execPath, ['--test', ...bundled, ...files('_test.mjs')], { stdio: 'inherit' });
rmSync(folder, { recursive: true });
process.exit(status ?? 1);
