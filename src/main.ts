/**
 * The process: `congvu serve` runs everything until SIGTERM or Ctrl-C; every other command asks the running server over its
 * private socket. Only what a command needs is loaded.
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

/** Resolves when everything is closed. */
async function serve(config: Config): Promise<void> {
  const [{ compose }, { createLog }, { welcome }] = await Promise.all([import('./compose.ts'), import('./lib/log.ts'), import('./welcome.ts')])
  const log = createLog(config.log.level)
  const stopped = Promise.withResolvers<NodeJS.Signals>()
  const stop = (signal: NodeJS.Signals): void => stopped.resolve(signal)
  process.on('SIGTERM', stop).on('SIGINT', stop)
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'unhandled rejection'))
  await using app = await compose(config, { log })
  process.stdout.write(welcome(app, config))
  const signal = await stopped.promise
  log.info({ signal }, 'stopping')
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'serve') {
    await serve(readConfig())
    return 0
  }
  const { runCli } = await import('./cli/cli.ts')
  const { stdin, stdout, stderr, env } = process
  return await runCli(argv, { socketPath: () => placesOf(readConfig(), process.cwd()).controlSocket, stdin, stdout, stderr, env })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${startFailure(error)}\n`)
  process.exitCode = 1
}
