/** The file of an account's index: ids of accounts are opaque, names of files are not. Pure. */

const ending = '.fts5'

export function fileNameOf(account: string): string {
  // Case is not kept apart on every disk.
  const plain = /^[a-z0-9]{1,60}$/.test(account)
  return `${plain ? account : `_${Buffer.from(account).toString('hex')}`}${ending}`
}

/** Null for other files. */
export function accountOf(fileName: string): string | null {
  if (!fileName.endsWith(ending)) return null
  const name = fileName.slice(0, -ending.length)
  const account = name.startsWith('_') ? Buffer.from(name.slice(1), 'hex').toString() : name
  return fileNameOf(account) === fileName ? account : null
}
