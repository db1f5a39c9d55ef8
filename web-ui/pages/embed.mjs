// Cerium. Licensed under the Apache License 2.0.
// Writes a C++ source with the bundled pages: `node embed.mjs DIST OUTPUT.cc`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [dist, output] = process.argv.slice(2);
const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/app.js': ['app.js', 'text/javascript; charset=utf-8'],
  '/app.css': ['app.css', 'text/css; charset=utf-8'],
  '/favicon.svg': ['favicon.svg', 'image/svg+xml'],
};

let arrays = '';
let table = '';
Object.entries(files).forEach(([path, [name, type]], i) => {
  const bytes = gzipSync(readFileSync(join(dist, name)), { level: 9 });
  const lines = [];
  for (let at = 0; at < bytes.length; at += 32) lines.push([...bytes.subarray(at, at + 32)].join(','));
  arrays += `constexpr unsigned char kFile${i}[] = {\n${lines.join(',\n')}};\n`;
  table += `      {"${path}", "${type}", {reinterpret_cast<const char*>(kFile${i}), sizeof kFile${i}}},\n`;
});
writeFileSync(
  output,
  `// Made by web-ui/pages/embed.mjs.
#include "web-ui/pages/web_pages.h"

namespace cerium::http {
namespace {

${arrays}
}  // namespace

std::span<const StaticFile> webPages() {
  static const StaticFile kFiles[] = {
${table}  };
  return kFiles;
}

}  // namespace cerium::http
`,
);
