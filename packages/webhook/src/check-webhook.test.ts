import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkNewWebhook, checkWebhookPatch, presentWebhook, secretsOf } from './check-webhook.ts'
import { GENERIC, GITHUB, SLACK, STANDARD, STRIPE } from './vectors-fixture.ts'

const created = (fields: Record<string, unknown>) =>
  checkNewWebhook({ name: 'orders', flow_name: 'import', ...fields })
const pointersOf = (checked: ReturnType<typeof checkWebhookPatch>) =>
  checked.ok ? [] : checked.errors.map(({ pointer }) => pointer)
const messageOf = (fields: Record<string, unknown>) => {
  const checked = created(fields)
  return checked.ok ? '' : `${checked.errors[0]?.pointer ?? ''} ${checked.errors[0]?.message ?? ''}`
}

test('a new webhook is off, and has a default for everything', () => {
  const body = { name: '  orders ', flow_name: 'import' }
  assert.deepEqual(checkNewWebhook(body), {
    ok: true,
    fields: {
      name: 'orders',
      description: null,
      project_id: null,
      project_name: null,
      flow_id: null,
      flow_name: 'import',
      execution_location: 'flow',
      is_enabled: false,
      is_productive: true,
      key: null,
      key_header: null,
      signature: null,
      allow_from: [],
      rate_limit: null,
      replay_window_seconds: 86_400,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      is_async: false,
      wait_seconds: 60,
    },
  })
  assert.deepEqual(body, { name: '  orders ', flow_name: 'import' })
})

test('a patch has what it names, and nothing is filled in', () => {
  assert.deepEqual(checkWebhookPatch({ is_enabled: true }), {
    ok: true,
    fields: { is_enabled: true },
  })
  assert.deepEqual(checkWebhookPatch({}), { ok: true, fields: {} })
  assert.deepEqual(pointersOf(checkWebhookPatch({ flow_id: null })), ['/flow_id'])
  assert.deepEqual(pointersOf(checkWebhookPatch({ flow_name: null })), ['/flow_name'])
  assert.deepEqual(checkWebhookPatch({ flow_id: null, flow_name: 'b' }), {
    ok: true,
    fields: { flow_id: null, flow_name: 'b' },
  })
})

test('the flow is named in one way', () => {
  const id = '01900000-0000-7000-8000-000000000001'
  assert.deepEqual(pointersOf(checkNewWebhook({ name: 'a' })), ['/flow_id'])
  assert.deepEqual(pointersOf(created({ flow_id: id })), ['/flow_name'])
  assert.deepEqual(pointersOf(created({ project_id: id, project_name: 'p' })), ['/project_name'])
  assert.equal(checkNewWebhook({ name: 'a', flow_id: id }).ok, true)
})

test('wrong fields are all named, each with its place', () => {
  const checked = checkNewWebhook({
    name: '',
    flow_name: 'a',
    is_enabled: 'yes',
    methods: ['POST', 'TRACE'],
    rate_limit: { calls: 0 },
    replay_window_seconds: 1,
    wait_seconds: 301,
    key: 'short',
    enabled: true,
  })
  assert.deepEqual(pointersOf(checked).toSorted(), [
    '/enabled',
    '/is_enabled',
    '/key',
    '/methods/1',
    '/name',
    '/rate_limit/calls',
    '/rate_limit/per_seconds',
    '/replay_window_seconds',
    '/wait_seconds',
  ])
  for (const body of [null, [], 'x', 1]) assert.deepEqual(pointersOf(checkNewWebhook(body)), [''])
  assert.match(messageOf({ enabled: true }), /^\/enabled is not known; known are name, /)
})

describe('the signature', () => {
  test('of each published example is accepted as a record, with its defaults', () => {
    for (const { config } of [GITHUB, STRIPE, SLACK, STANDARD])
      assert.equal(created({ signature: config }).ok, true, config.preset)
    const checked = created({
      signature: { preset: 'generic', secrets: ['12345678'], header: 'X-Signature' },
    })
    assert.deepEqual(checked.ok && checked.fields.signature, {
      preset: 'generic',
      secrets: ['12345678'],
      header: 'x-signature',
      algorithm: 'sha256',
      encoding: 'hex',
      prefix: '',
      timestamp_header: null,
      timestamp_format: 'unix_seconds',
      id_header: null,
      signed_content: '{body}',
      tolerance_seconds: 300,
    })
    const slack = GENERIC.at(-1)?.config
    assert.equal(created({ signature: slack }).ok, true)
  })

  test('is refused where it would protect nothing', () => {
    const generic = { preset: 'generic', secrets: ['12345678'], header: 'x-a' }
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ preset: 'github', secrets: [] }, /^\/signature\/secrets must NOT have fewer/],
      [
        { preset: 'github', secrets: ['short'] },
        /^\/signature\/secrets\/0 must NOT have fewer than 8/,
      ],
      [{ preset: 'github' }, /^\/signature\/secrets is missing/],
      [{ preset: 'gitlab', secrets: ['12345678'] }, /^\/signature\/preset must be one of "github"/],
      [{ secrets: ['12345678'] }, /^\/signature\/preset is missing/],
      [
        { preset: 'github', secrets: ['12345678'], tolerance_seconds: 1 },
        /^\/signature\/tolerance_seconds is not known; known are preset, secrets/,
      ],
      [{ preset: 'standard_webhooks', secrets: ['whsec_c2hvcnQ='] }, /at least 16 bytes in base64/],
      [{ preset: 'standard_webhooks', secrets: ['whsec_not base64!'] }, /at least 16 bytes/],
      [{ ...generic, signed_content: '{timestamp}' }, /must hold \{body\} once/],
      [{ ...generic, signed_content: '{body}{body}' }, /must hold \{body\} once/],
      [
        { ...generic, timestamp_header: 'x-t' },
        /must hold \{timestamp\}: a time that is not signed/,
      ],
      [
        { ...generic, signed_content: '{timestamp}{body}' },
        /^\/signature\/timestamp_header is missing; signed_content uses \{timestamp\}/,
      ],
      [{ ...generic, signed_content: '{id}{body}' }, /^\/signature\/id_header is missing/],
      [{ ...generic, header: 'a b' }, /^\/signature\/header must match pattern/],
    ]
    for (const [signature, expected] of cases) assert.match(messageOf({ signature }), expected)
    assert.equal(created({ signature: { ...generic, id_header: 'x-id' } }).ok, true)
  })
})

test('ranges are checked one by one', () => {
  const checked = created({ allow_from: ['10.0.0.0/8', '10.0.0.1/8', 'here'] })
  assert.deepEqual(pointersOf(checked), ['/allow_from/1', '/allow_from/2'])
})

test('secrets are shown as that they exist, and what is shown cannot be sent back', () => {
  const checked = created({
    key: 'a-good-key',
    signature: { ...STRIPE.config, secrets: ['12345678', '87654321'] },
  })
  assert.ok(checked.ok)
  assert.deepEqual(secretsOf(checked.fields), ['a-good-key', '12345678', '87654321'])
  const shown = presentWebhook(checked.fields)
  assert.equal(shown.is_key_required, true)
  assert.doesNotMatch(JSON.stringify(shown), /a-good-key|12345678|87654321/)
  const { key, signature } = shown
  assert.deepEqual([key, signature?.secrets], ['***', ['***', '***']])
  assert.deepEqual(pointersOf(checkWebhookPatch({ signature })), [
    '/signature/secrets/0',
    '/signature/secrets/1',
  ])
  assert.deepEqual(checkWebhookPatch({ key }), {
    ok: false,
    errors: [
      {
        pointer: '/key',
        message:
          'is what a secret is shown as; send the secret itself, or leave the field out to keep it',
      },
    ],
  })
  const open = created({})
  assert.ok(open.ok)
  assert.equal(presentWebhook(open.fields).is_key_required, false)
  assert.deepEqual(secretsOf(open.fields), [])
})
