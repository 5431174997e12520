import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startPostgres, type TestPostgres } from '@millrace/testkit'
import pg from 'pg'
import { attempt } from '../testing/attempts.ts'
import { makeCertificates } from '../testing/certificates.ts'
import { pgLogIn } from '../testing/pg-log-in.ts'

/**
 * Against a real server that speaks TLS. There `millrace` logs in by certificate, whose name it is,
 * and `speaker` by password.
 */
const { ca, server: identity, client } = makeCertificates()
let server: TestPostgres
let logIn: Record<string, unknown>

before(async () => {
  server = await startPostgres({ own: true })
  const direct = new pg.Client({ connectionString: server.url })
  await direct.connect()
  // By the server itself: the key must belong to the user that it runs as.
  const write = (name: string, text: string): Promise<unknown> => {
    const lines = `SELECT unnest(string_to_array(${pg.escapeLiteral(text.trim())}, E'\\n'))`
    return direct.query(`COPY (${lines}) TO PROGRAM 'umask 077; cat > ${name}'`)
  }
  await write('server.crt', identity.cert)
  await write('server.key', identity.key)
  await write('ca.crt', ca)
  await write('pg_hba.conf', 'hostssl all millrace all cert\nhost all all all scram-sha-256')
  await direct.query(`CREATE USER speaker PASSWORD 'friend'`)
  await direct.query(`ALTER SYSTEM SET ssl_ca_file = 'ca.crt'`)
  await direct.query('ALTER SYSTEM SET ssl = on')
  await direct.query('SELECT pg_reload_conf()')
  await direct.end()
  const authentication = {
    authentication_method: 'username_password',
    username: 'speaker',
    password: 'friend',
  }
  logIn = { ...pgLogIn(server.url), authentication }
})
after(() => server.stop())

async function outcome(tls: object, more: object = {}): Promise<unknown> {
  const fetchval = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
  const result = await attempt('SQLPG', { ...logIn, fetchval, tls, ...more })
  if (result.ok) return result.output['result'] === true ? 'over TLS' : 'in the clear'
  return `${result.error.code} ${result.error.phase} ${result.error.outcome}`
}

test('the mode decides whether there is TLS, and how it begins', async () => {
  assert.equal(await outcome({ tls_mode: 'off' }), 'in the clear')
  assert.equal(await outcome({ ca }), 'over TLS')
  assert.equal(await outcome({ ca, tls_mode: 'start_tls' }), 'over TLS')
  assert.equal(await outcome({ ca, tls_mode: 'implicit' }), 'over TLS')
})

test('trust decides, by authority, name and pin', async () => {
  assert.equal(await outcome({}), 'TLS_NOT_TRUSTED tls none')
  assert.equal(await outcome({ verify: false }), 'over TLS')
  assert.equal(await outcome({ ca, server_name: 'other.example' }), 'TLS_NOT_TRUSTED tls none')
  assert.equal(await outcome({ ca, pinned_sha256: ['0'.repeat(64)] }), 'TLS_NOT_TRUSTED tls none')
})

test('a certificate is a log in', async () => {
  const authentication = { authentication_method: 'client_certificate', username: 'millrace' }
  const tls = { ca, client_certificate: client.cert, client_key: client.key }
  assert.equal(await outcome(tls, { authentication }), 'over TLS')
  const without = await outcome(
    { ca, client_certificate: identity.cert, client_key: identity.key },
    { authentication },
  )
  assert.equal(without, 'AUTHENTICATION_FAILED authenticate none')
})

test('a query that takes too long is cancelled over TLS, and the server confirms it', async () => {
  const slow = { fetchval: 'SELECT pg_sleep(5)', total_timeout: 1 }
  assert.equal(await outcome({ ca }, slow), 'TIMED_OUT wait known')
})
