// How the server's process is begun, whoever begins it (`npm start`, `congvu serve`, the image, systemd, the bench): flags and
// environment that keep its memory small. They must be there before the process runs, so it cannot set them for itself; what
// supervises ingress (src/protocols/smtp/haraka/supervise.ts) hands them on. This file runs on any Node >= 20.
//
// What each is for (`npm run bench idle memory` shows the sum):
// - --max-semi-space-size (MiB): by default V8 lets the young generation of every isolate (core, its threads) grow to three times
//   16 MiB, and keeps it. With less than 4 the answers to FETCH of large mailboxes are collected too often: they get slower.
//   Haraka has a smaller one (supervise.ts).
// - --single-threaded-gc: the collector's helper threads cost more CPU than they save time on few cores.
// - MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ (bytes): by default glibc learns from large blocks that are freed, those of
//   argon2 (19 MiB a sign-in) among them, to keep such blocks for ever; with thresholds that are set it gives them back.
// - MALLOC_ARENA_MAX: by default each of Node's many threads has a heap of glibc of its own, which keeps what that thread frees.
// - NODE_COMPILE_CACHE: threads and ingress share what was compiled once: a faster start, and no compiler's memory.
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { isatty } from 'node:tty'

const root = resolve(import.meta.dirname, '..')

/** Of the process that runs `src/main.ts serve`, before the file's name. */
export const serverFlags = ['--max-semi-space-size=4']

/** What the environment names already stays. */
export function serverEnvironment(given = process.env) {
  return {
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
    MALLOC_ARENA_MAX: '1',
    MALLOC_MMAP_THRESHOLD_: '4194304',
    MALLOC_TRIM_THRESHOLD_: '16777216',
    ...given,
  }
}

const main = join(root, 'src', 'main.ts')

/** This process becomes `congvu <args>`: same process number, input and output. Of Node 26 and later; does not return. */
export function becomeServer(args) {
  process.execve(process.execPath, [process.execPath, ...serverFlags, main, ...args], serverEnvironment())
}

/**
 * `congvu <args>` as a child on the given Node, for a process whose own Node is too old: input, output, signals and exit code
 * are this process's. `cwd`: where it runs.
 */
export function runServer(node, args, { cwd = process.cwd() } = {}) {
  const child = spawn(node, [...serverFlags, main, ...args], { cwd, stdio: 'inherit', env: serverEnvironment() })
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
