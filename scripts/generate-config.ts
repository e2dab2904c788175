/** `npm run docs`: writes config/default.toml from the schema. `--check` only compares (the tests use the same function). */
import { readFileSync, writeFileSync } from 'node:fs'
import { defaultToml } from '../src/config/load.ts'

const file = new URL('../config/default.toml', import.meta.url)
if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== defaultToml()) {
    console.error('config/default.toml is not what the schema says: run npm run docs')
    process.exitCode = 1
  }
} else {
  writeFileSync(file, defaultToml())
  console.log('config/default.toml')
}
