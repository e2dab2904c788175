/** Where the province keeps the bodies of messages: in the database, or in an S3-type store. Beside compose.ts, because moving house asks it too. */
import type { Config } from './config/schema.ts'
import type { Blobs } from './core/ports/blobs.ts'
import type { Clock } from './core/ports/world.ts'
import { readSecret } from './secrets.ts'

/** `url`: of the replica set. Refuses `unavailable`; throws a ConfigError for a secret that is not there. */
export async function openProvinceBodies(config: Config, url: string, clock: Pick<Clock, 'nowMs'>): Promise<Blobs> {
  if (config.store.bodies === 'mongo') {
    const { openMongoBlobs } = await import('./adapters/mongo/blobs.ts')
    return await openMongoBlobs({ url, database: config.store.database, clock })
  }
  const { openS3Blobs } = await import('./adapters/s3/s3-blobs.ts')
  const { endpoint, region, bucket, prefix, path_style: pathStyle, access_key_file, secret_key_file } = config.s3
  const [accessKey, secretKey] = [await readSecret('s3.access_key_file', access_key_file, 1), await readSecret('s3.secret_key_file', secret_key_file, 1)]
  return openS3Blobs({ place: { endpoint, region, bucket, pathStyle, accessKey, secretKey }, prefix, clock })
}
