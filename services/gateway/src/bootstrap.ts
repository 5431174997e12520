import { envBool, envRequired } from '@millrace/runtime'
import { createDatabase, isFirstStart, migrate, updateStandardWrappers } from '@millrace/store'
import { foundWorkspace } from './operations/people.ts'
import { renewAdmin } from './operations/renew-admin.ts'
import { standardWrappers } from './standard-wrappers.ts'

/**
 * node bootstrap.ts
 *
 * Brings the schema and the standard wrappers up to date and, in an empty installation, founds the workspace `default` with the
 * administrator `admin`. Prints their secrets as one line of JSON, this once; otherwise {}. With
 * MILLRACE_BOOTSTRAP_RESET it makes and prints new secrets for `admin`: whoever asks owns the database
 * and has lost the first ones, as by a crash before they were written down.
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
  await updateStandardWrappers(db, standardWrappers())
  const admin =
    first ?? (envBool('MILLRACE_BOOTSTRAP_RESET', false) ? await renewAdmin(db, 'admin') : null)
  const secrets =
    admin === null
      ? {}
      : { user_name: admin.userName, password: admin.password, api_key: admin.apiKey }
  process.stdout.write(`${JSON.stringify(secrets)}\n`)
} finally {
  await db.close()
}
