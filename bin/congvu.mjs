#!/usr/bin/env node
// `congvu …` on whatever Node the machine has: the program itself needs Node 26, which comes with its packages.
// On Node 26 or later it runs in this process; else in a child whose input, output, signals and exit code are this one's.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'

const main = new URL('../src/main.ts', import.meta.url)
const neededMajor = 26

if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  await import(main.href)
} else {
  const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
  if (existsSync(node)) run(node)
  else {
    process.stderr.write('Chưa cài đặt: chạy `npm ci` trước.\nNot installed: run `npm ci` first.\n')
    process.exitCode = 3
  }
}

function run(node) {
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
  for (const signal of signals) {
    process.on(signal, () => {
      // Ctrl-C on a terminal reaches the child by itself: a second one would be taken for impatience.
      if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 3
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1
    else {
      for (const one of signals) process.removeAllListeners(one)
      process.kill(process.pid, signal)
    }
  })
}
