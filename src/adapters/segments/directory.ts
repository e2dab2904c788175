/** The folder of the segments. A file that was made, renamed or removed is durable only once its folder is synced. */
import { open } from 'node:fs/promises'

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
