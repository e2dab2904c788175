/** `congvu check-config`: reads the configuration as a start would; needs no running server. */
import { existsSync } from 'node:fs'
import type { CliCommand } from './command.ts'
import { text } from './command.ts'

/** The configuration is wrong: its message says each key, value and what was expected. Exit code 1. */
export class WrongConfigError extends Error {}

/** Where a start looks when nobody names a file. */
const usualFile = 'config/congvu.toml'

export const checkConfig: CliCommand = {
  name: 'check-config',
  synopsis: '[--config FILE]',
  vietnamese: 'kiểm tra cấu hình (tệp của --config, CONGVU_CONFIG hoặc config/congvu.toml, và biến môi trường)',
  english: 'checks the configuration (the file of --config, CONGVU_CONFIG or config/congvu.toml, and the environment)',
  positionals: [],
  options: { config: { type: 'string' } },
  async run({ options, env, print }) {
    // Only this command needs the schema, which takes a while to load.
    const { loadConfig } = await import('../../config/load.ts')
    try {
      const file = text(options, 'config') ?? env['CONGVU_CONFIG'] ?? (existsSync(usualFile) ? usualFile : undefined)
      loadConfig({ file, env })
    } catch (error) {
      throw new WrongConfigError(error instanceof Error ? error.message : String(error))
    }
    await print.answer({ valid: true }, [['Cấu hình hợp lệ. / The configuration is valid.']])
  },
}
