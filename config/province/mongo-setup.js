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
  // What a province waits for when its primary hangs (docs/operate.md), beside MongoDB's own settings:
  // - electionTimeoutMillis, heartbeatTimeoutSecs (10 s either): after them it is voted out.
  // - catchUpTimeoutMillis (without end): the new one waits that long for a heartbeat of the old one, which does not come, before it
  //   takes writes; without a limit that lasts heartbeatTimeoutSecs more. What it could still learn there, no majority has, and
  //   nobody was promised.
  // - heartbeatIntervalMillis (2 s): a secondary that was telling the old one how far it has copied waits 30 s for the answer
  //   (mongod has no setting for that). Until then the new one hears it in heartbeats alone, so that each majority write takes as long
  //   as the next of them.
  const settings = { electionTimeoutMillis: 5000, heartbeatTimeoutSecs: 5, heartbeatIntervalMillis: 250, catchUpTimeoutMillis: 1000 }
  rs.initiate({ _id: 'congvu', members, settings })
}
while (!db.hello().isWritablePrimary) sleep(500)

const users = db.getSiblingDB(database)
const roles = [
  { role: 'readWrite', db: database },
  { role: 'dbAdmin', db: database },
]
if (users.getUser('congvu') === null) users.createUser({ user: 'congvu', pwd, roles })
print('replica set congvu is there')
