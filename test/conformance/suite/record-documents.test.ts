import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'node:test'
import { newId } from '@millrace/runtime'
import { type Doors, item, property, useDoors } from '../harness.ts'

const YAML = { 'content-type': 'application/yaml' }

/** Those of the record by what their columns say, from what the package that reads YAML has. */
const PROPERTIES = readFileSync(
  join(import.meta.dirname, '../../../packages/record-yaml/src/execution-properties.ts'),
  'utf8',
)
const namesOf = (column: 'both' | 'imports' | 'exports' | 'neither'): string[] =>
  [...PROPERTIES.matchAll(/\{ name: '(\w+)', type: '[^']+', \.\.\.(\w+)/g)].flatMap(
    ([, name = '', is]) => (is === column ? [name] : []),
  )

async function exported({ rest }: Doors, id: string): Promise<string> {
  const { status, text } = await rest('GET', `/execution/${id}/export?tree=false`)
  assert.equal(status, 200, text)
  return text
}
const keysOf = (yaml: string): string[] =>
  [...yaml.matchAll(/^ {2}(\w+):/gm)].map(([, key = '']) => key)

describe('executions as documents', { concurrency: 4, timeout: 120_000 }, () => {
  useDoors(async ({ rig }) => {
    await rig.flow('rd-double', 'return { twice: inputs.n * 2 }')
  })

  item('2.1.2', 'an export has the properties of its column, and no other', async (doors) => {
    const ended = await doors.rig.run('return 1', { n: 1 }, { description: 'd', tags: ['t'] })
    const keys = keysOf(await exported(doors, ended.id))
    const allowed = new Set([...namesOf('both'), ...namesOf('exports')])
    assert.equal(allowed.size, 34 + 18)
    assert.deepEqual(
      keys.filter((key) => !allowed.has(key)),
      [],
    )
    // Every one of them that has a value.
    const missing = [...allowed].filter(
      (name) =>
        (ended as unknown as Record<string, unknown>)[name] !== null && !keys.includes(name),
    )
    assert.deepEqual(missing, [])
  })

  item(
    '2.1.1',
    'an import takes what its column says and ignores the rest',
    async ({ rest, client }) => {
      const id = newId()
      const text = `execution:
  type: SCRIPT
  status: ENDED_ERROR
  started_at: 2026-01-31T12:00:00Z
  ended_at: 2026-01-31T12:00:01Z
  name: rd imported
  message: no luck
  script: export default () => 1
  input_value: [1]
  metadata: {a: 1}
  commit_message: moved
  id: ${id}
  created_at: 2020-01-01T00:00:00Z
  lineno: 7
  status_label: Great
`
      const made = await rest('POST', '/execution/import', text, YAML)
      assert.equal(made.status, 201, made.text)
      const [newOne = ''] = made.json['ids'] as string[]
      const record = await client.executions.get(newOne)
      assert.deepEqual(
        [record.status, record.name, record.message, record.script, record.input_value],
        ['ENDED_ERROR', 'rd imported', 'no luck', 'export default () => 1', [1]],
      )
      assert.deepEqual(
        [record.started_at, record.ended_at, record.commit_message, record.metadata],
        ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:01.000Z', 'moved', { a: 1 }],
      )
      assert.notEqual(record.id, id)
      assert.notEqual(record.created_at, '2020-01-01T00:00:00.000Z')
      assert.deepEqual([record.lineno, record.status_label], [null, 'Failed'])
    },
  )

  item(
    'D1',
    'what was exported comes back under a new id, over REST and gRPC; with one fault nothing does',
    async (doors) => {
      const { rig, rest, grpc, client } = doors
      const parent = await rig.run(`return await self.flow('rd-double', { n: 4 })`)
      const { text } = await rest('GET', `/execution/${parent.id}/export`)
      const made = await rest('POST', '/execution/import', text, YAML)
      const [top = '', child = ''] = made.json['ids'] as string[]
      const [one, two] = [await client.executions.get(top), await client.executions.get(child)]
      assert.deepEqual([one.output_value, two.output_value], [parent.output_value, { twice: 8 }])
      assert.deepEqual([two.parent_execution_id, two.flow_name], [top, 'rd-double'])
      assert.notEqual(top, parent.id)

      const again = await grpc<{ ids: string[] }>('executions', 'Import', { yaml: text })
      assert.equal(again.ids.length, 2)

      const name = `rd-${newId()}`
      const good = text.replace(/^ {2}name: .*$/m, `  name: ${name}`)
      const slip = '---\nexecution:\n  type: SCRIPT\n  status: ENDED_SUCCESS\n  ended_ad: x\n'
      const refused = await rest('POST', '/execution/import', good + slip, YAML)
      assert.equal(refused.status, 422)
      assert.ok(refused.pointers.includes('/1/execution/ended_ad'), refused.text)
      const filter = { field: 'name', op: 'eq', value: name } as const
      assert.deepEqual((await client.executions.list({ filter })).items, [])

      const live = await rig.start('await self.sleep(3600)')
      assert.equal((await rest('GET', `/execution/${live.id}/export`)).status, 409)
      await client.executions.cancel(live.id)
    },
  )

  item(
    'D16',
    'it is on every record and export, and one from the future is refused',
    async (doors) => {
      const ended = await doors.rig.run('return 1')
      assert.equal(ended.schema_version, '1')
      const text = await exported(doors, ended.id)
      assert.match(text, /^ {2}schema_version: "1"$/m)
      const future = text.replace('schema_version: "1"', 'schema_version: "2"')
      const refused = await doors.rest('POST', '/execution/import', future, YAML)
      assert.deepEqual([refused.status, refused.pointers], [422, ['/0/execution/schema_version']])
    },
  )

  property(
    'schema_version',
    'an export that says the version that this server knows is imported',
    async (doors) => {
      const ended = await doors.rig.run('return 1')
      const text = await exported(doors, ended.id)
      const made = await doors.rest('POST', '/execution/import', text, YAML)
      assert.equal(made.status, 201, made.text)
      const [id = ''] = made.json['ids'] as string[]
      assert.equal((await doors.client.executions.get(id)).schema_version, ended.schema_version)
    },
  )
})
