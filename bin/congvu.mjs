#!/usr/bin/env node
// `congvu …` on whatever Node the machine has: the program itself needs Node 26, which comes with its packages.
// On Node 26 or later it runs in this process, which for `serve` begins anew with the server's flags (scripts/launch.mjs);
// else in a child whose input, output, signals and exit code are this one's.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { becomeServer, runServer } from '../scripts/launch.mjs'

const neededMajor = 26
const args = process.argv.slice(2)

if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  if (args[0] === 'serve') becomeServer(args)
  else await import(new URL('../src/main.ts', import.meta.url).href)
} else {
  const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
  if (existsSync(node)) runServer(node, args)
  else {
    process.stderr.write('Chưa cài đặt: chạy `npm ci` trước.\nNot installed: run `npm ci` first.\n')
    process.exitCode = 3
  }
}
