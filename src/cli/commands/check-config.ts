/** `congvu check-config`: reads the configuration as a start would; needs no running server. */
import type { CliCommand } from './command.ts'
import { text } from './command.ts'

/** The configuration is wrong: its message says each key, value and what was expected. Exit code 1. */
export class WrongConfigError extends Error {}

export const checkConfig: CliCommand = {
  name: 'check-config',
  synopsis: '[--config FILE]',
  vietnamese: 'kiểm tra cấu hình (tệp của --config hoặc CONGVU_CONFIG, và biến môi trường)',
  english: 'checks the configuration (the file of --config or CONGVU_CONFIG, and the environment)',
  positionals: [],
  options: { config: { type: 'string' } },
  async run({ options, env, print }) {
    // Only this command needs the schema, which takes a while to load.
    const { loadConfig } = await import('../../config/load.ts')
    try {
      loadConfig({ file: text(options, 'config') ?? env['CONGVU_CONFIG'], env })
    } catch (error) {
      throw new WrongConfigError(error instanceof Error ? error.message : String(error))
    }
    await print.answer({ valid: true }, [['Cấu hình hợp lệ. / The configuration is valid.']])
  },
}
