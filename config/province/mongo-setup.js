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
  // A primary that hangs is replaced after 6 s. With MongoDB's own 10 s for either it takes 11 s and more: the new one waits for the
  // heartbeat of the old one before it begins.
  // It also wants to catch up with what it has heard of the old one, without end by default (30 s were seen): what no majority has
  // was promised to nobody.
  rs.initiate({ _id: 'congvu', members, settings: { electionTimeoutMillis: 5000, heartbeatTimeoutSecs: 5, catchUpTimeoutMillis: 2000 } })
}
while (!db.hello().isWritablePrimary) sleep(500)

const users = db.getSiblingDB(database)
const roles = [
  { role: 'readWrite', db: database },
  { role: 'dbAdmin', db: database },
]
if (users.getUser('congvu') === null) users.createUser({ user: 'congvu', pwd, roles })
print('replica set congvu is there')
