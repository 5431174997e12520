import { envRequired } from '@millrace/runtime'
import { createDatabase, isFirstStart, migrate } from '@millrace/store'
import { foundWorkspace } from './operations/people.ts'

/**
 * node bootstrap.ts
 *
 * Brings the schema up to date and, in an empty installation, founds the workspace `default` with the
 * administrator `admin`. Prints their secrets as one line of JSON, this once; otherwise {}.
 */
const url = envRequired('MILLRACE_POSTGRES_URL')
await migrate(url)
const db = createDatabase({
  url,
  application: 'millrace-bootstrap',
  profile: 'api',
  connections: 1,
})
try {
  const first = await foundWorkspace(
    db,
    { name: 'default', userName: 'admin', password: null, isAdmin: true },
    isFirstStart,
  )
  const secrets =
    first === null
      ? {}
      : { user_name: first.userName, password: first.password, api_key: first.apiKey }
  process.stdout.write(`${JSON.stringify(secrets)}\n`)
} finally {
  await db.close()
}
