// Makes the replica set and the account of Công Vụ, once; run again, it changes nothing. For mongosh, as the root user of mongo-1.
const { readFileSync } = require('node:fs')

const members = ['mongo-1', 'mongo-2', 'mongo-3'].map((host, _id) => ({ _id, host: `${host}:27017` }))
const database = process.env.CONGVU_STORE__DATABASE
const pwd = readFileSync('/run/secrets/mongo_password', 'utf8').trim()

try {
  rs.status()
} catch (error) {
  // NotYetInitialized.
  if (error.code !== 94) throw error
  // A member that hangs is voted out within 15 s; the default of 10 s takes longer.
  rs.initiate({ _id: 'congvu', members, settings: { electionTimeoutMillis: 5000 } })
}
while (!db.hello().isWritablePrimary) sleep(500)

const users = db.getSiblingDB(database)
const roles = [
  { role: 'readWrite', db: database },
  { role: 'dbAdmin', db: database },
]
if (users.getUser('congvu') === null) users.createUser({ user: 'congvu', pwd, roles })
print('replica set congvu is there')
