/**
 * The process: `congvu serve` runs everything until SIGTERM or Ctrl-C, or with `--role` one part of a province; every other command
 * asks the running server over its private socket. Only what a command needs is loaded.
 */
import { existsSync } from 'node:fs'
import { loadConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { placesOf } from './settings.ts'
import { startFailure } from './start-failure.ts'

const usualFile = 'config/congvu.toml'

function configFile(): string | undefined {
  return process.env['CONGVU_CONFIG'] ?? (existsSync(usualFile) ? usualFile : undefined)
}

function readConfig(): Config {
  return loadConfig({ file: configFile(), env: process.env })
}

const roles = ['all', 'core', 'ingress'] as const
type Role = (typeof roles)[number]

/** Of `serve [--role ROLE]`; null when it is none. */
function roleIn(args: readonly string[]): Role | null {
  if (args.length === 0) return 'all'
  const [option = '', value] = args.length === 1 ? (args[0] ?? '').split('=') : args
  return option === '--role' && args.length <= 2 ? (roles.find((role) => role === value) ?? null) : null
}

/** Resolves when everything is closed. */
async function serve(config: Config, role: Role): Promise<void> {
  const [{ compose, composeIngress }, { createLog }, { welcome }] = await Promise.all([import('./compose.ts'), import('./lib/log.ts'), import('./welcome.ts')])
  const log = createLog(config.log.level)
  const stopped = Promise.withResolvers<NodeJS.Signals>()
  const stop = (signal: NodeJS.Signals): void => stopped.resolve(signal)
  process.on('SIGTERM', stop).on('SIGINT', stop)
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'unhandled rejection'))
  await using app = await (role === 'ingress' ? composeIngress(config, { log }) : compose(config, { log, ingressApart: role === 'core' }))
  process.stdout.write(welcome(app, config))
  const signal = await stopped.promise
  log.info({ signal }, 'stopping')
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'serve') {
    const role = roleIn(argv.slice(1))
    if (role === null) {
      process.stderr.write(`congvu serve [--role ${roles.join('|')}]\n`)
      return 2
    }
    await serve(readConfig(), role)
    return 0
  }
  const { runCli } = await import('./cli/cli.ts')
  const { stdin, stdout, stderr, env } = process
  return await runCli(argv, {
    socketPath: () => placesOf(readConfig(), process.cwd()).controlSocket,
    moveStore: async (request, onProgress) => (await import('./compose-migration.ts')).migrateStore(readConfig(), request, onProgress),
    stdin,
    stdout,
    stderr,
    env,
  })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${startFailure(error)}\n`)
  process.exitCode = 1
}
