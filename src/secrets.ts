/** Secrets from files (design §5.12): read at the start, never logged; an error names the key and the file, never what stands in it. */
import { readFile } from 'node:fs/promises'
import { ConfigError } from './config/load.ts'

/** The file's text without white space around it. Throws a ConfigError. */
export async function readSecret(key: string, file: string, minLength: number): Promise<string> {
  if (file === '') throw new ConfigError([`${key}: cần / needed: a file`])
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError([`${key} = ${JSON.stringify(file)}: không đọc được / cannot be read: ${error.code ?? error.message}`])
  })
  const secret = text.trim()
  if (secret.length < minLength) throw new ConfigError([`${key} = ${JSON.stringify(file)}: cần / expected ${minLength} characters at least`])
  return secret
}

/** The URL as it is given, or the one in the file. */
export async function secretUrl(key: string, url: string, file: string): Promise<string> {
  if (url !== '') return url
  const read = await readSecret(`${key}_file`, file, 1)
  if (!URL.canParse(read) && !/^mongodb(\+srv)?:\/\//.test(read)) throw new ConfigError([`${key}_file = ${JSON.stringify(file)}: cần / expected a URL`])
  return read
}
