import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startPostgres, type TestPostgres } from '@millrace/testkit'
import { type HttpTarget, startHttpTarget, useStack } from '../stack/index.ts'

describe('connections', { concurrency: 4, timeout: 120_000 }, () => {
  let postgres: TestPostgres
  let target: HttpTarget

  before(async () => {
    postgres = await startPostgres()
    target = await startHttpTarget()
  })
  const at = useStack(async ({ stack }) => {
    const at = new URL(postgres.url)
    await stack.client.connectors.create({
      name: 'my-database',
      connector_type: 'SQLPG',
      value: {
        authentication: {
          authentication_method: 'username_password',
          username: decodeURIComponent(at.username),
          password: decodeURIComponent(at.password),
        },
        host: at.hostname,
        port: Number(at.port),
        database: at.pathname.slice(1) || 'postgres',
        // The test server has no certificate; the default is start_tls.
        tls: { tls_mode: 'off' },
      },
    })
  })
  after(async () => {
    await target[Symbol.asyncDispose]()
    await postgres[Symbol.asyncDispose]()
  })

  test('a connection is a child of type CONNECTION with a result', async () => {
    const parent = await at.rig.run(
      `return (await self.connect('my-database', { fetchval: 'SELECT 1+1' })).output.result`,
    )
    assert.equal(parent.output_value, 2)
    const [child] = await at.rig.children(parent.id)
    assert.deepEqual(
      [child?.type, child?.status, child?.connector_type],
      ['CONNECTION', 'ENDED_SUCCESS', 'SQLPG'],
    )
  })

  test('rows, one row, nothing, and a changed table', async () => {
    const output = await at.rig.output(`
      const sql = async (mode_name, query, parameters = []) =>
        (await self.connect('my-database', { mode: { mode_name, query, parameters } })).output
      await sql('execute', 'CREATE TABLE birds (name text, n bigint)')
      const done = await sql('execute', 'INSERT INTO birds VALUES ($1, 1), ($2, 9007199254740993)', ['owl', 'kea'])
      return [
        done.row_count,
        (await sql('fetch', 'SELECT name, n FROM birds ORDER BY name')).result,
        (await sql('fetchrow', 'SELECT name FROM birds WHERE n = $1', [1])).result,
        (await sql('fetchrow', 'SELECT name FROM birds WHERE n = 7')).result,
      ]`)
    const rows = [
      { name: 'kea', n: '9007199254740993' },
      { name: 'owl', n: 1 },
    ]
    const [count, fetched, one, none] = output as [
      number,
      { name: string; n: unknown }[],
      unknown,
      unknown,
    ]
    assert.equal(count, 2)
    assert.deepEqual(
      fetched.map(({ name, n }) => ({ name, n: String(n) })),
      rows.map(({ name, n }) => ({ name, n: String(n) })),
    )
    assert.deepEqual(one, { name: 'owl' })
    assert.equal(none, null)
  })

  test('what the database refuses is a ConnectionError with code and outcome', async () => {
    const output = await at.rig.output(`
      try { await self.connect('my-database', { fetchval: 'SELECT nothing FROM nowhere' }) }
      catch (error) { return [error.name, error.code, error.outcome] }`)
    assert.deepEqual(output, ['ConnectionError', 'REJECTED', 'known'])
  })

  test('a REST call gives status and JSON, its parts from the inputs', async () => {
    const output = await at.rig.output(
      `const { output } = await self.connect({
         connector_type: 'REST', url: inputs.url,
         query: [{ name: 'a', value: '1' }],
         mode: { mode_name: 'post', body: { body_type: 'json', json: { b: 2 } } } })
       return [output.status_code ?? output.result.status_code, output.json ?? output.result.json]`,
      { url: `${target.url}/echo` },
    )
    assert.deepEqual(output, [200, { method: 'POST', query: { a: '1' }, body: '{"b":2}' }])
  })

  test('a status that was not expected is REJECTED', async () => {
    const output = await at.rig.output(
      `try { await self.connect({ connector_type: 'REST', url: inputs.url }) } catch (error) { return error.code }`,
      { url: `${target.url}/status/500` },
    )
    assert.equal(output, 'REJECTED')
  })

  for (const [inputs, name] of [
    [`{ connector_type: 'REST' }`, 'MissingInputError'],
    [`{ connector_type: 'REST', url: 'http://127.0.0.1', colour: 'red' }`, 'ExtraInputError'],
    [
      `{ connector_type: 'REST', url: 'http://127.0.0.1', total_timeout: 'soon' }`,
      'InvalidInputError',
    ],
  ] as const) {
    test(`inputs ${inputs} throw ${name} and nothing leaves`, async () => {
      assert.equal(
        await at.rig.output(
          `try { await self.connect(${inputs}) } catch (error) { return error.name }`,
        ),
        name,
      )
    })
  }

  test('a connector that does not exist throws ResourceNotFoundError', async () => {
    assert.equal(
      await at.rig.output(
        `try { await self.connect('nowhere') } catch (error) { return error.name }`,
      ),
      'ResourceNotFoundError',
    )
  })

  for (const url of [
    'http://10.0.0.1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:10.0.0.1]/',
    'http://0.0.0.0/',
  ]) {
    test(`${url} is not reached: private ranges are refused unless allowed`, async () => {
      const output = await at.rig.output(
        `try { await self.connect({ connector_type: 'REST', url: inputs.url }) } catch (error) { return error.code }`,
        { url },
      )
      assert.equal(output, 'REFUSED_BY_POLICY')
    })
  }

  test('a server that does not answer is TIMED_OUT, and a POST to it is of unknown outcome', async () => {
    const call = (mode: string) =>
      at.rig.output(
        `try { await self.connect({ connector_type: 'REST', url: inputs.url, mode: { mode_name: '${mode}' }, total_timeout: 0.7 }) }
         catch (error) { return [error.code, error.outcome] }`,
        { url: `${target.url}/hang-${mode}` },
      )
    const [code, outcome] = (await call('post')) as [string, string]
    assert.ok(code === 'TIMED_OUT' || code === 'OUTCOME_UNKNOWN', code)
    assert.equal(outcome, 'unknown')
    assert.equal(target.count('/hang-post'), 1)
  })

  test('a connection can be started by itself through the API', async () => {
    const created = await at.stack.client.executions.create(
      { connector_name: 'my-database', input_value: { fetchval: 'SELECT 40+2' } },
      { waitSeconds: 20 },
    )
    assert.equal(created.status, 'ENDED_SUCCESS')
    assert.equal((created.output_value as { result: number }).result, 42)
  })
})
