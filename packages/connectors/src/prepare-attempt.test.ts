import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepareAttempt } from './prepare-attempt.ts'

const problemsOf = (connectorType: string, input: unknown): string[] => {
  const prepared = prepareAttempt({ connectorType, input })
  assert.equal(prepared.ok, false)
  return prepared.ok
    ? []
    : prepared.error.problems.map(({ name, pointer }) => `${name} ${pointer}`).toSorted()
}
const classOf = (connectorType: string, input: unknown): string => {
  const prepared = prepareAttempt({ connectorType, input })
  assert.equal(prepared.ok, true, JSON.stringify(prepared))
  return prepared.ok ? `${prepared.modeName} ${prepared.repeatClass}` : ''
}
const pgLogIn = {
  host: 'db.example',
  authentication: { authentication_method: 'username_password', username: 'u', password: 'p' },
}

test('all problems come in one answer, each with its place and class', () => {
  assert.deepEqual(
    problemsOf('REST', {
      url: 'https://example.com',
      colour: 1,
      authentication: { authentication_method: 'basic', username: 'u', pass: 'x' },
      mode: { mode_name: 'post', body: { body_type: 'json', text: 'x' } },
      total_timeout: 'soon',
      tls: { verify: 'no' },
    }),
    [
      'ExtraInputError /authentication/pass',
      'ExtraInputError /colour',
      'ExtraInputError /mode/body/text',
      'InvalidInputError /tls/verify',
      'InvalidInputError /total_timeout',
      'MissingInputError /authentication/password',
      'MissingInputError /mode/body/json',
    ],
  )
})

const SINGLE: readonly [string, unknown, string[]][] = [
  ['REST', {}, ['MissingInputError /url']],
  ['REST', { url: '' }, ['InvalidInputError /url']],
  ['REST', { url: 'ftp://a' }, ['InvalidInputError /url']],
  ['REST', { url: 'http://user:pw@a/' }, ['InvalidInputError /url']],
  ['REST', { url: 'http://0x7f.1/' }, ['InvalidInputError /url']],
  ['REST', { host: '127.1' }, ['InvalidInputError /host']],
  ['REST', { url: 'http://a', mode: {} }, ['MissingInputError /mode/mode_name']],
  ['REST', { url: 'http://a', mode: { mode_name: 'brew' } }, ['InvalidInputError /mode/mode_name']],
  [
    'REST',
    { url: 'http://a', mode: { mode_name: 'get', body: { body_type: 'none' } } },
    ['ExtraInputError /mode/body'],
  ],
  [
    'REST',
    { url: 'http://a', headers: [{ name: 'Host', value: 'b' }] },
    ['InvalidInputError /headers/0/name'],
  ],
  [
    'REST',
    { url: 'http://a', headers: [{ name: 'X', value: 'b\r\nY: c' }] },
    ['InvalidInputError /headers/0/value'],
  ],
  [
    'REST',
    { url: 'http://a', headers: [{ name: 'X', value: 1, more: 2 }] },
    ['ExtraInputError /headers/0/more'],
  ],
  [
    'REST',
    { url: 'http://a', destination: { destination_file_name: '../f' } },
    ['InvalidInputError /destination/destination_file_name'],
  ],
  ['REST', { url: 'http://a', total_timeout: 0 }, ['InvalidInputError /total_timeout']],
  ['SQLPG', { ...pgLogIn }, ['MissingInputError /mode']],
  [
    'SQLPG',
    { fetchval: 'SELECT 1' },
    ['MissingInputError /authentication', 'MissingInputError /host'],
  ],
  [
    'SQLPG',
    { ...pgLogIn, fetchval: 'SELECT :a, :b', parameters: { a: 1, c: 2 } },
    ['ExtraInputError /mode/parameters/c', 'MissingInputError /mode/parameters/b'],
  ],
  ['SQLPG', { ...pgLogIn, fetchval: '' }, ['InvalidInputError /mode/query']],
  [
    'SQLPG',
    { ...pgLogIn, mode: { mode_name: 'copy_to_engine', query: 'x', destination_file_name: 'f' } },
    ['InvalidInputError /mode/mode_name'],
  ],
  [
    'SQLPG',
    {
      ...pgLogIn,
      mode: {
        mode_name: 'transaction',
        statements: [{ query: 'x' }],
        exactly_once_table: 'a"; DROP',
      },
    },
    ['InvalidInputError /mode/exactly_once_table'],
  ],
  ['TELEX', {}, ['InvalidInputError /connector_type']],
  ['REST', [], ['InvalidInputError ']],
]
for (const [type, input, expected] of SINGLE)
  test(`${type} ${JSON.stringify(input).slice(0, 90)} is refused`, () =>
    assert.deepEqual(problemsOf(type, input), expected))

test('a mode has its class, and the call may change it', () => {
  const url = 'https://example.com'
  assert.equal(classOf('REST', { connector_type: 'REST', url }), 'get safe')
  assert.equal(classOf('REST', { url, mode: { mode_name: 'put' } }), 'put idem')
  assert.equal(classOf('REST', { url, mode: { mode_name: 'post' } }), 'post never')
  assert.equal(
    classOf('REST', {
      url,
      mode: { mode_name: 'post' },
      idempotency_key_header: 'Idempotency-Key',
    }),
    'post keyed',
  )
  assert.equal(classOf('REST', { url, mode: { mode_name: 'post' }, idempotent: true }), 'post idem')
  assert.equal(classOf('REST', { url, idempotent: false }), 'get never')
  assert.equal(classOf('SQLPG', { ...pgLogIn, fetchval: 'SELECT 1' }), 'fetchval never')
  assert.equal(
    classOf('SQLPG', { ...pgLogIn, fetchval: 'SELECT 1', read_only: true }),
    'fetchval safe',
  )
  assert.equal(
    classOf('SQLPG', {
      ...pgLogIn,
      mode: {
        mode_name: 'transaction',
        statements: [{ query: 'x' }],
        exactly_once_table: 'millrace_done',
      },
    }),
    'transaction keyed',
  )
})

test('a shorthand wins over the mode that the connector keeps, and the input stays as it was', () => {
  const input = {
    ...pgLogIn,
    mode: { mode_name: 'fetch', query: 'SELECT 2' },
    fetchval: 'SELECT 1',
  }
  const before = structuredClone(input)
  assert.equal(classOf('SQLPG', input), 'fetchval never')
  assert.deepEqual(input, before)
})

test('many parameter sets cost one reading of their query', () => {
  const query = `INSERT INTO t VALUES (:id, ${'x + '.repeat(25_000)} 1)`
  const parameters_list = Array.from({ length: 10_000 }, (_, id) => ({ id }))
  const before = process.cpuUsage()
  assert.equal(
    classOf('SQLPG', { ...pgLogIn, mode: { mode_name: 'execute_many', query, parameters_list } }),
    'execute_many never',
  )
  const { user } = process.cpuUsage(before)
  assert.ok(user < 3_000_000, `${user / 1_000} ms`)
})

test('however much is wrong, the answer stays one that can be read', () => {
  const name = 'n'.repeat(100_000)
  const query = 'INSERT INTO t VALUES (:id)'
  const sets = Array.from({ length: 200_000 }, () => ({ ib: 1 }))
  const extra = Object.fromEntries(Array.from({ length: 200_000 }, (_, key) => [`k${key}`, 1]))
  for (const [type, input] of [
    ['SQLPG', { ...pgLogIn, mode: { mode_name: 'execute_many', query, parameters_list: sets } }],
    ['SQLPG', { ...pgLogIn, fetch: query, parameters: extra }],
    ['REST', { url: 'http://a', ...extra }],
    ['REST', { url: 'http://a', [name]: 1 }],
    [name, {}],
  ] as const) {
    const prepared = prepareAttempt({ connectorType: type, input })
    assert.ok(!prepared.ok)
    const { message, problems } = prepared.error
    assert.ok(problems.length <= 100)
    assert.ok(message.length <= 32_768, String(message.length))
    assert.ok(JSON.stringify(problems).length <= 262_144)
    assert.equal(message.endsWith('; and more.'), problems.length === 100)
  }
})
