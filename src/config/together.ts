/** What keys mean for each other: defaults that depend on other keys, and keys that are needed together. Pure. */
import type { Config } from './schema.ts'

export type GivenKeys = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Defaults that are others than the schema's, because of what is given. */
export function defaultsFor(given: GivenKeys): GivenKeys {
  // A province is where people work: nobody skips the change of the first password (Điều 5.2, 9.3).
  return given['store']?.['kind'] === 'mongo' ? { security: { allow_active_accounts: false } } : {}
}

/** Each names the keys and what was expected; empty when all fit together. */
const adminRoles: readonly string[] = ['individual', 'agency-administrator', 'operator', 'super-administrator', 'inspector']

export function problemsTogether({ store, s3, redis, link, admin }: Config): string[] {
  const problems: string[] = []
  const oneOf = (section: string, url: string, file: string, needed: boolean): void => {
    if (url !== '' && file !== '') problems.push(`${section}_file: ${section} cũng có / is given too: cần một / expected one of them`)
    if (url === '' && file === '' && needed) problems.push(`${section}: cần / expected ${section} or ${section}_file, because store.kind = "mongo"`)
  }
  oneOf('store.mongo_url', store.mongo_url, store.mongo_url_file, store.kind === 'mongo')
  oneOf('redis.url', redis.url, redis.url_file, false)
  if (store.bodies === 's3') {
    if (store.kind !== 'mongo') problems.push('store.bodies = "s3": cần / expected store.kind = "mongo"')
    for (const key of ['endpoint', 'bucket', 'access_key_file', 'secret_key_file'] as const) {
      if (s3[key] === '') problems.push(`s3.${key}: cần, vì / needed, because store.bodies = "s3"`)
    }
  }
  for (const core of link.cores) {
    if (!/^[^\s:]+(:\d{1,5}:\d{1,5})?$/.test(core)) problems.push(`link.cores: ${JSON.stringify(core)}: cần / expected "host" or "host:port:lmtp_port"`)
  }
  for (const role of admin.second_factor_roles) {
    if (!adminRoles.includes(role)) problems.push(`admin.second_factor_roles: ${JSON.stringify(role)}: cần / expected ${adminRoles.join(', ')}`)
  }
  return problems
}
